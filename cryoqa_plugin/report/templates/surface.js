(function () {
  "use strict";
  var LIGHT = [-0.35, 0.55, 0.76], GREY = [176, 184, 196], PLAIN = [150, 178, 216];
  function bytes(text) {
    var raw = atob(text), out = new Uint8Array(raw.length);
    for (var i = 0; i < raw.length; i++) { out[i] = raw.charCodeAt(i); }
    return out;
  }
  function normalsOf(p, index) {
    var n = new Float32Array(p.length);
    for (var t = 0; t < index.length; t += 3) {
      var a = 3 * index[t], b = 3 * index[t + 1], c = 3 * index[t + 2];
      var ux = p[b] - p[a], uy = p[b + 1] - p[a + 1], uz = p[b + 2] - p[a + 2], vx = p[c] - p[a], vy = p[c + 1] - p[a + 1], vz = p[c + 2] - p[a + 2];
      var x = uy * vz - uz * vy, y = uz * vx - ux * vz, z = ux * vy - uy * vx;
      [a, b, c].forEach(function (k) { n[k] += x; n[k + 1] += y; n[k + 2] += z; });
    }
    for (var i = 0; i < n.length; i += 3) {
      var l = Math.hypot(n[i], n[i + 1], n[i + 2]) || 1;
      n[i] /= l; n[i + 1] /= l; n[i + 2] /= l;
    }
    return n;
  }
  function mesh(data) {
    var raw = bytes(data.vertices).buffer, q = bytes(data.quads).buffer, whole = new Uint16Array(raw);
    var quads = data.n > 65535 ? new Uint32Array(q) : new Uint16Array(q), p = new Float32Array(whole.length), i, radius = 1e-6;
    for (i = 0; i < whole.length; i++) { p[i] = whole[i] / 65535 - data.extent[i % 3] / 2; }
    for (i = 0; i < p.length; i += 3) { radius = Math.max(radius, 1.03 * Math.hypot(p[i], p[i + 1], p[i + 2])); }
    var index = new quads.constructor(quads.length / 4 * 6);
    for (i = 0; i < quads.length / 4; i++) {
      index.set([quads[4 * i], quads[4 * i + 1], quads[4 * i + 2], quads[4 * i], quads[4 * i + 2], quads[4 * i + 3]], 6 * i);
    }
    var diagonals = 0;
    for (i = 0; i < index.length; i += 6) {
      var a = 3 * index[i], b = 3 * index[i + 2];
      diagonals += Math.hypot(p[a] - p[b], p[a + 1] - p[b + 1], p[a + 2] - p[b + 2]);
    }
    return { p: p, index: index, pitch: diagonals / (index.length / 6), normals: normalsOf(p, index), radius: radius };
  }
  function colours(data, which) {
    var out = new Uint8Array(3 * data.n), table = [], last = data.stops.length - 1, i, codes = null;
    for (i = 0; i < 255; i++) {
      var at = i / 254 * last, k = Math.min(Math.floor(at), last - 1), a = data.stops[k], b = data.stops[k + 1];
      table.push([0, 1, 2].map(function (c) { return a[c] + (at - k) * (b[c] - a[c]); }));
    }
    table.push(GREY);
    if (which >= 0) { codes = bytes(data.colourings[which].codes); }
    for (i = 0; i < data.n; i++) { out.set(codes ? table[codes[i]] : PLAIN, 3 * i); }
    return out;
  }
  function withCard(canvas, m) {
    var options = { antialias: true, preserveDrawingBuffer: true }, gl = canvas.getContext("webgl2", options) || canvas.getContext("webgl", options);
    var second = window.WebGL2RenderingContext && gl instanceof window.WebGL2RenderingContext;
    if (!gl || (m.index instanceof Uint32Array && !second && !gl.getExtension("OES_element_index_uint"))) { return null; }
    function shader(kind, text) { var s = gl.createShader(kind); gl.shaderSource(s, text); gl.compileShader(s); return s; }
    var program = gl.createProgram();
    gl.attachShader(program, shader(gl.VERTEX_SHADER, "attribute vec3 p, n, c; uniform mat3 r; uniform vec3 v; varying vec3 col; varying float lit, far;" +
      "void main() { vec3 q = r * p; lit = dot(r * n, vec3(" + LIGHT.join(",") + ")); far = 0.5 - q.z / v.z * 0.5; col = c;" +
      "gl_Position = vec4(q.xy * v.xy, -q.z / v.z * 0.9, 1.0); }"));
    gl.attachShader(program, shader(gl.FRAGMENT_SHADER, "precision mediump float; varying vec3 col; varying float lit, far;" +
      "void main() { gl_FragColor = vec4(col * (0.35 + 0.65 * max(lit, 0.0)) * (1.1 - 0.35 * far), 1.0); }"));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) { return null; }
    gl.useProgram(program);
    function fill(name, array, type, whole) {
      var place = gl.getAttribLocation(program, name), buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, array, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, type, whole, 0, 0);
    }
    fill("p", m.p, gl.FLOAT, false);
    fill("n", m.normals, gl.FLOAT, false);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, m.index, gl.STATIC_DRAW);
    gl.enable(gl.DEPTH_TEST);
    gl.clearColor(1, 1, 1, 1);
    return {
      paint: function (array) { fill("c", array, gl.UNSIGNED_BYTE, true); },
      draw: function (r, zoom) {
        gl.viewport(0, 0, canvas.width, canvas.height);
        gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
        gl.uniformMatrix3fv(gl.getUniformLocation(program, "r"), false, [r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]]);
        gl.uniform3f(gl.getUniformLocation(program, "v"), zoom / m.radius, zoom / m.radius, m.radius);
        gl.drawElements(gl.TRIANGLES, m.index.length, m.index instanceof Uint32Array ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT, 0);
      }
    };
  }
  function withoutCard(canvas, m) {               // dots, the nearest on top
    var context = canvas.getContext("2d"), c = null;
    if (!context) { return null; }
    return {
      paint: function (array) { c = array; },
      draw: function (r, zoom) {
        var w = canvas.width, image = context.createImageData(w, w), depth = new Float32Array(w * w).fill(-1e9), to = w / 2 * zoom / m.radius;
        var dot = Math.max(1, Math.ceil(1.2 * m.pitch * to));
        image.data.fill(255);
        for (var i = 0; i < m.p.length; i += 3) {
          var p = m.p, n = m.normals, z = r[6] * p[i] + r[7] * p[i + 1] + r[8] * p[i + 2], nz = r[6] * n[i] + r[7] * n[i + 1] + r[8] * n[i + 2];
          if (nz < -0.1) { continue; }
          var x = Math.round(w / 2 + to * (r[0] * p[i] + r[1] * p[i + 1] + r[2] * p[i + 2]) - dot / 2);
          var y = Math.round(w / 2 - to * (r[3] * p[i] + r[4] * p[i + 1] + r[5] * p[i + 2]) - dot / 2);
          var lit = LIGHT[0] * (r[0] * n[i] + r[1] * n[i + 1] + r[2] * n[i + 2]) + LIGHT[1] * (r[3] * n[i] + r[4] * n[i + 1] + r[5] * n[i + 2]) + LIGHT[2] * nz;
          var shade = (0.35 + 0.65 * Math.max(lit, 0)) * (0.925 + 0.175 * z / m.radius);
          for (var v = Math.max(y, 0); v < Math.min(y + dot, w); v++) {
            for (var u = Math.max(x, 0); u < Math.min(x + dot, w); u++) {
              var at = v * w + u;
              if (z <= depth[at]) { continue; }
              depth[at] = z;
              for (var k = 0; k < 3; k++) { image.data[4 * at + k] = c[i + k] * shade; }
            }
          }
        }
        context.putImageData(image, 0, 0);
      }
    };
  }
  function turned(r, axis, angle) {               // about an axis of the picture
    var c = Math.cos(angle), s = Math.sin(angle), out = r.slice(), a = (axis + 1) % 3, b = (axis + 2) % 3;
    for (var i = 0; i < 3; i++) {
      out[3 * a + i] = c * r[3 * a + i] - s * r[3 * b + i];
      out[3 * b + i] = s * r[3 * a + i] + c * r[3 * b + i];
    }
    return out;
  }
  function show(figure) {
    var data = JSON.parse(figure.getAttribute("data-surface")), canvas = figure.querySelector("canvas"), select = figure.querySelector("select");
    var m = mesh(data), START = [1, 0, 0, 0, -1, 0, 0, 0, -1], r = START, zoom = 1, waiting = false, down = {}, span = 0;
    var painter = withCard(canvas, m) || withoutCard(canvas, m), scale = figure.querySelector(".scale"), ends = scale.querySelectorAll("span");
    if (!painter) { canvas.hidden = true; return; }
    function draw() {
      waiting = false;
      var edge = Math.max(64, Math.round(canvas.clientWidth * Math.min(window.devicePixelRatio || 1, 2)));
      if (canvas.width !== edge || canvas.height !== edge) { canvas.width = canvas.height = edge; }
      painter.draw(r, zoom);
    }
    function soon() { if (!waiting) { waiting = true; window.requestAnimationFrame(draw); } }
    function paint() {
      var which = Number(select.value);
      painter.paint(colours(data, which));
      scale.hidden = which < 0;
      if (which >= 0) {
        ends[0].textContent = data.colourings[which].low;
        ends[1].textContent = data.colourings[which].high;
        scale.querySelector("i").style.background = "linear-gradient(to right," + data.stops.map(function (s) { return "rgb(" + s.join(",") + ")"; }).join(",") + ")";
      }
      draw();
    }
    function zoomed(factor) { zoom = Math.min(20, Math.max(0.3, zoom * factor)); soon(); }
    function distance() {
      var k = Object.keys(down);
      return k.length < 2 ? 0 : Math.hypot(down[k[0]][0] - down[k[1]][0], down[k[0]][1] - down[k[1]][1]);
    }
    select.addEventListener("change", paint);
    figure.querySelector("button").addEventListener("click", function () { r = START; zoom = 1; soon(); });
    canvas.addEventListener("pointerdown", function (e) {
      down[e.pointerId] = [e.clientX, e.clientY];
      span = distance();
      try { canvas.setPointerCapture(e.pointerId); } catch (ignored) { span = distance(); }
      canvas.focus();
    });
    canvas.addEventListener("pointermove", function (e) {
      var before = down[e.pointerId], count = Object.keys(down).length;
      if (!before) { return; }
      down[e.pointerId] = [e.clientX, e.clientY];
      if (count > 1) { var now = distance(); if (span) { zoomed(now / span); } span = now; return; }
      r = turned(turned(r, 1, (e.clientX - before[0]) * 0.01), 0, (e.clientY - before[1]) * 0.01);
      soon();
    });
    ["pointerup", "pointercancel"].forEach(function (name) {
      canvas.addEventListener(name, function (e) { delete down[e.pointerId]; span = distance(); });
    });
    canvas.addEventListener("wheel", function (e) {
      if (document.activeElement !== canvas) { return; }
      e.preventDefault();
      zoomed(Math.exp(-e.deltaY * 0.001));
    }, { passive: false });
    canvas.addEventListener("keydown", function (e) {
      var step = { ArrowLeft: [1, -0.1], ArrowRight: [1, 0.1], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[e.key];
      if (step) { r = turned(r, step[0], step[1]); soon(); }
      else if (e.key === "+" || e.key === "=") { zoomed(1.15); }
      else if (e.key === "-") { zoomed(1 / 1.15); }
      else { return; }
      e.preventDefault();
    });
    window.addEventListener("resize", soon);
    window.addEventListener("beforeprint", draw);
    paint();
  }
  Array.prototype.forEach.call(document.querySelectorAll("figure.surface"), show);
}());
