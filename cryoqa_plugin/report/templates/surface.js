(function () {
  "use strict";
  var LIGHT = [-0.38, 0.52, 0.765], GREY = [150, 156, 164], PLAIN = [164, 184, 206];
  function u16(raw, at, n, k) {                       // k columns of differences, their low bytes before their high bytes
    var out = [], half = n * k;
    for (var c = 0; c < k; c++) {
      var a = new Int32Array(n);
      for (var i = 0; i < n; i++) { var v = raw[at + c * n + i] | raw[at + half + c * n + i] << 8; a[i] = v > 32767 ? v - 65536 : v; }
      out.push(a);
    }
    return out;
  }
  function build(D, raw) {
    var n = D.n, m = D.q, p = new Float32Array(3 * n), i, c, cols = u16(raw, 0, n, 3), at = 6 * n, radius = 1e-6;
    for (c = 0; c < 3; c++) { var s = 0; for (i = 0; i < n; i++) { s += cols[c][i]; p[3 * i + c] = s / D.places - D.extent[c] / 2; } }
    for (i = 0; i < 3 * n; i += 3) { radius = Math.max(radius, Math.hypot(p[i], p[i + 1], p[i + 2])); }
    var q = u16(raw, at, m, 4), index = new Uint16Array(6 * m), first = 0;
    at += 8 * m;
    for (i = 0; i < m; i++) {
      first += q[0][i];
      var a = first & 65535, b = (first + q[1][i]) & 65535, e = (first + q[2][i]) & 65535, d = (b + e - first + q[3][i]) & 65535;
      index.set([a, b, d, a, d, e], 6 * i);
    }
    var nrm = new Float32Array(3 * n);
    for (i = 0; i < index.length; i += 3) {
      var A = 3 * index[i], B = 3 * index[i + 1], C = 3 * index[i + 2];
      var ux = p[B] - p[A], uy = p[B + 1] - p[A + 1], uz = p[B + 2] - p[A + 2], vx = p[C] - p[A], vy = p[C + 1] - p[A + 1], vz = p[C + 2] - p[A + 2];
      var x = uy * vz - uz * vy, y = uz * vx - ux * vz, z = ux * vy - uy * vx;
      [A, B, C].forEach(function (k) { nrm[k] += x; nrm[k + 1] += y; nrm[k + 2] += z; });
    }
    for (i = 0; i < 3 * n; i += 3) { var l = Math.hypot(nrm[i], nrm[i + 1], nrm[i + 2]) || 1; nrm[i] /= l; nrm[i + 1] /= l; nrm[i + 2] /= l; }
    var codes = [];
    for (c = 0; c < D.c; c++) {
      var list = raw.slice(at + c * n, at + (c + 1) * n);
      for (i = 1; i < n; i++) { list[i] += list[i - 1]; }
      codes.push(list);
    }
    return { p: p, n: nrm, index: index, codes: codes, radius: radius, stops: D.stops, fit: D.reach };
  }
  function table(stops) {
    var out = [], last = stops.length - 1;
    for (var i = 0; i < 255; i++) {
      var t = i / 254 * last, k = Math.min(Math.floor(t), last - 1), a = stops[k], b = stops[k + 1];
      out.push([0, 1, 2].map(function (c) { return a[c] + (t - k) * (b[c] - a[c]); }));
    }
    out.push(GREY);
    return out;
  }
  function colours(m, which) {
    var t = table(m.stops), n = m.p.length / 3, out = new Uint8Array(3 * n);
    for (var i = 0; i < n; i++) { var c = which < 0 ? PLAIN : t[m.codes[which][i]]; out[3 * i] = c[0]; out[3 * i + 1] = c[1]; out[3 * i + 2] = c[2]; }
    return out;
  }
  function card(canvas, m) {
    var gl = canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true, alpha: true, premultipliedAlpha: true });
    if (!gl) { return null; }
    function sh(kind, text) { var s = gl.createShader(kind); gl.shaderSource(s, text); gl.compileShader(s); return s; }
    var pr = gl.createProgram();
    gl.attachShader(pr, sh(gl.VERTEX_SHADER, "attribute vec3 p,n,c;uniform mat3 r;uniform vec3 v;varying vec3 col;varying float lit,far;" +
      "void main(){vec3 q=r*p;lit=dot(r*n,vec3(" + LIGHT.join(",") + "));far=.5-q.z/v.z*.5;col=c;gl_Position=vec4(q.xy*v.xy,-q.z/v.z*.9,1.);}"));
    gl.attachShader(pr, sh(gl.FRAGMENT_SHADER, "precision mediump float;varying vec3 col;varying float lit,far;" +
      "void main(){gl_FragColor=vec4(col*(.42+.62*max(lit,0.))*(1.08-.36*far),1.);}"));
    gl.linkProgram(pr);
    if (!gl.getProgramParameter(pr, gl.LINK_STATUS)) { return null; }
    gl.useProgram(pr);
    function fill(name, array, type, norm) {
      var at = gl.getAttribLocation(pr, name), b = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, b); gl.bufferData(gl.ARRAY_BUFFER, array, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(at); gl.vertexAttribPointer(at, 3, type, norm, 0, 0);
    }
    fill("p", m.p, gl.FLOAT, false); fill("n", m.n, gl.FLOAT, false);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer()); gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, m.index, gl.STATIC_DRAW);
    gl.enable(gl.DEPTH_TEST); gl.clearColor(0, 0, 0, 0);
    return {
      paint: function (c) { fill("c", c, gl.UNSIGNED_BYTE, true); },
      draw: function (r, zoom) {
        var w = canvas.width, h = canvas.height, s = zoom * Math.min(w / 2 / m.fit[0], h / 2 / m.fit[1]);
        gl.viewport(0, 0, w, h); gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
        gl.uniformMatrix3fv(gl.getUniformLocation(pr, "r"), false, [r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]]);
        gl.uniform3f(gl.getUniformLocation(pr, "v"), 2 * s / w, 2 * s / h, m.radius);
        gl.drawElements(gl.TRIANGLES, m.index.length, gl.UNSIGNED_SHORT, 0);
      }
    };
  }
  function plain(canvas, m) {                         // the same picture without a graphics card: triangles into a depth buffer
    var ctx = canvas.getContext("2d"), c = null, n = m.p.length / 3, X = new Float32Array(n), Y = new Float32Array(n), Z = new Float32Array(n), S = new Float32Array(n);
    if (!ctx) { return null; }
    return {
      slow: true, paint: function (a) { c = a; },
      draw: function (r, zoom) {
        var w = canvas.width, h = canvas.height, s = zoom * Math.min(w / 2 / m.fit[0], h / 2 / m.fit[1]), img = ctx.createImageData(w, h), dep = new Float32Array(w * h).fill(-9), o = img.data, i;
        for (i = 0; i < n; i++) {
          var a = m.p[3 * i], b = m.p[3 * i + 1], d = m.p[3 * i + 2], e = m.n[3 * i], f = m.n[3 * i + 1], g = m.n[3 * i + 2];
          X[i] = w / 2 + s * (r[0] * a + r[1] * b + r[2] * d); Y[i] = h / 2 - s * (r[3] * a + r[4] * b + r[5] * d); Z[i] = r[6] * a + r[7] * b + r[8] * d;
          var lit = LIGHT[0] * (r[0] * e + r[1] * f + r[2] * g) + LIGHT[1] * (r[3] * e + r[4] * f + r[5] * g) + LIGHT[2] * (r[6] * e + r[7] * f + r[8] * g);
          S[i] = (0.42 + 0.62 * Math.max(lit, 0)) * (0.9 + 0.18 * Z[i] / m.radius);
        }
        for (i = 0; i < m.index.length; i += 3) {
          var A = m.index[i], B = m.index[i + 1], C = m.index[i + 2], ar = (X[B] - X[A]) * (Y[C] - Y[A]) - (X[C] - X[A]) * (Y[B] - Y[A]);
          if (ar === 0) { continue; }
          var x0 = Math.max(0, Math.ceil(Math.min(X[A], X[B], X[C]) - 0.5)), x1 = Math.min(w - 1, Math.floor(Math.max(X[A], X[B], X[C]) - 0.5));
          var y0 = Math.max(0, Math.ceil(Math.min(Y[A], Y[B], Y[C]) - 0.5)), y1 = Math.min(h - 1, Math.floor(Math.max(Y[A], Y[B], Y[C]) - 0.5));
          for (var y = y0; y <= y1; y++) {
            for (var x = x0; x <= x1; x++) {
              var px = x + 0.5, py = y + 0.5, u = ((X[B] - px) * (Y[C] - py) - (X[C] - px) * (Y[B] - py)) / ar, v = ((X[C] - px) * (Y[A] - py) - (X[A] - px) * (Y[C] - py)) / ar, t = 1 - u - v;
              if (u < -1e-6 || v < -1e-6 || t < -1e-6) { continue; }
              var z = u * Z[A] + v * Z[B] + t * Z[C], k = y * w + x;
              if (z <= dep[k]) { continue; }
              dep[k] = z;
              for (var q = 0; q < 3; q++) { o[4 * k + q] = u * c[3 * A + q] * S[A] + v * c[3 * B + q] * S[B] + t * c[3 * C + q] * S[C]; }
              o[4 * k + 3] = 255;
            }
          }
        }
        ctx.putImageData(img, 0, 0);
      }
    };
  }
  function turned(r, axis, angle) {                    // about an axis of the picture
    var c = Math.cos(angle), s = Math.sin(angle), out = r.slice(), a = (axis + 1) % 3, b = (axis + 2) % 3;
    for (var i = 0; i < 3; i++) { out[3 * a + i] = c * r[3 * a + i] - s * r[3 * b + i]; out[3 * b + i] = s * r[3 * a + i] + c * r[3 * b + i]; }
    return out;
  }
  function start(box, D, raw) {
    var where = box.parentNode, canvas = box.querySelector("canvas"), select = where.querySelector("select"), m = build(D, raw);
    var START = turned(turned([1, 0, 0, 0, -1, 0, 0, 0, -1], 1, 0.35), 0, 0.3), r = START, zoom = 1, waiting = false, moving = false, rest = 0, down = {}, span = 0;
    var painter = card(canvas, m) || plain(canvas, m);
    if (!painter) { return; }
    function draw() {
      waiting = false;
      var k = Math.min(window.devicePixelRatio || 1, 2) * (painter.slow && !moving ? 2 : 1), w = Math.max(64, Math.round(canvas.clientWidth * k)), h = Math.max(64, Math.round(canvas.clientHeight * k));
      if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
      painter.draw(r, zoom);
      box.classList.add("live"); box.setAttribute("data-by", painter.slow ? "processor" : "graphics card");
    }
    function soon() { moving = true; clearTimeout(rest); rest = setTimeout(function () { moving = false; if (painter.slow) { draw(); } }, 160); if (!waiting) { waiting = true; requestAnimationFrame(draw); } }
    function paint() {
      var which = select ? select.value : "-1";
      painter.paint(colours(m, Number(which)));
      Array.prototype.forEach.call(where.querySelectorAll(".bar3d"), function (b) { b.hidden = b.getAttribute("data-for") !== which; });
      draw();
    }
    function zoomed(f) { zoom = Math.min(12, Math.max(0.5, zoom * f)); soon(); }
    function gap() { var k = Object.keys(down); return k.length < 2 ? 0 : Math.hypot(down[k[0]][0] - down[k[1]][0], down[k[0]][1] - down[k[1]][1]); }
    if (select) { select.addEventListener("change", paint); }
    box.querySelector("button").addEventListener("click", function () { r = START; zoom = 1; soon(); });
    canvas.addEventListener("pointerdown", function (e) { down[e.pointerId] = [e.clientX, e.clientY]; span = gap(); try { canvas.setPointerCapture(e.pointerId); } catch (x) { span = gap(); } canvas.focus({ preventScroll: true }); });
    canvas.addEventListener("pointermove", function (e) {
      var was = down[e.pointerId];
      if (!was) { return; }
      down[e.pointerId] = [e.clientX, e.clientY];
      if (Object.keys(down).length > 1) { var now = gap(); if (span) { zoomed(now / span); } span = now; return; }
      r = turned(turned(r, 1, (e.clientX - was[0]) * 0.01), 0, (e.clientY - was[1]) * 0.01); soon();
    });
    ["pointerup", "pointercancel"].forEach(function (t) { canvas.addEventListener(t, function (e) { delete down[e.pointerId]; span = gap(); }); });
    canvas.addEventListener("wheel", function (e) { if (document.activeElement === canvas) { e.preventDefault(); zoomed(Math.exp(-e.deltaY * 0.001)); } }, { passive: false });
    canvas.addEventListener("keydown", function (e) {
      var s = { ArrowLeft: [1, -0.1], ArrowRight: [1, 0.1], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[e.key];
      if (s) { r = turned(r, s[0], s[1]); soon(); } else if (e.key === "+" || e.key === "=") { zoomed(1.15); } else if (e.key === "-") { zoomed(1 / 1.15); } else { return; }
      e.preventDefault();
    });
    window.addEventListener("resize", soon);
    paint();
  }
  function unpack(box) {
    var D = JSON.parse(box.getAttribute("data-surface")), text = atob(D.packed), bytes = new Uint8Array(text.length);
    for (var i = 0; i < text.length; i++) { bytes[i] = text.charCodeAt(i); }
    new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer().then(function (b) { start(box, D, new Uint8Array(b)); });
  }
  if (!window.DecompressionStream) { return; }         // the picture stays
  Array.prototype.forEach.call(document.querySelectorAll(".surface[data-surface]"), unpack);
}());
