(function () {
  "use strict";
  var NS = "http" + "://www.w3.org/2000/svg";
  function number(v, decimals) {
    if (v === null || v === undefined) { return "–"; }
    return (decimals === null ? String(Number(v.toPrecision(3))) : v.toFixed(decimals)).replace("-", "−");
  }
  function nearest(xs, x) {
    var best = -1;
    for (var i = 0; i < xs.length; i++) { if (xs[i] !== null && (best < 0 || Math.abs(xs[i] - x) < Math.abs(xs[best] - x))) { best = i; } }
    return best;
  }
  Array.prototype.forEach.call(document.querySelectorAll("svg.plot[data-plot]"), function (svg) {      // the values under the pointer, in place of the legend
    var d = JSON.parse(svg.getAttribute("data-plot")), f = d.frame, l = d.limits, out = svg.parentNode.querySelector(".reading");
    var guide = document.createElementNS(NS, "line"), values = document.createElement("span"), legend = out ? Array.prototype.slice.call(out.childNodes) : [];
    if (!out) { return; }
    guide.setAttribute("class", "guide"); guide.setAttribute("y1", f[1]); guide.setAttribute("y2", f[1] + f[3]); guide.setAttribute("visibility", "hidden");
    svg.appendChild(guide);
    function leave() {
      guide.setAttribute("visibility", "hidden");
      if (values.parentNode) { out.removeChild(values); legend.forEach(function (n) { out.appendChild(n); }); out.style.minHeight = ""; }
    }
    function shown(x) { return d.inverse ? (x > 0 ? number(Math.pow(x, -1 / d.inverse), 2) + " Å" : "∞") : number(x, d.dx) + (d.ux ? " " + d.ux : ""); }
    svg.addEventListener("pointermove", function (event) {
      var box = svg.getBoundingClientRect(), u = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      if (u < f[0] || u > f[0] + f[2]) { leave(); return; }
      var x = l[0] + (u - f[0]) / f[2] * (l[1] - l[0]), first = d.x || d.xs[0], k = nearest(first, x);
      if (k < 0) { return; }
      var at = f[0] + (first[k] - l[0]) / (l[1] - l[0]) * f[2];
      guide.setAttribute("x1", at); guide.setAttribute("x2", at); guide.setAttribute("visibility", "visible");
      values.textContent = shown(first[k]) + ":  " + d.names.map(function (name, j) {
        return name + " " + number(d.ys[j][d.xs ? nearest(d.xs[j], x) : k], d.dy);
      }).join("  ·  ");
      if (!values.parentNode) {
        out.style.minHeight = out.offsetHeight + "px";
        legend.forEach(function (n) { out.removeChild(n); });
        out.appendChild(values);
      }
    });
    svg.addEventListener("pointerleave", leave);
  });
}());
