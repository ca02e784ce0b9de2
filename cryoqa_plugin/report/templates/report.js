(function () {
  "use strict";
  var NS = "http" + "://www.w3.org/2000/svg";
  function nearest(xs, x) {
    var best = -1, gap = Infinity;
    for (var i = 0; i < xs.length; i++) {
      if (xs[i] !== null && Math.abs(xs[i] - x) < gap) { gap = Math.abs(xs[i] - x); best = i; }
    }
    return best;
  }
  function number(v) { return v === null || v === undefined ? "–" : String(Number(v.toPrecision(4))); }
  Array.prototype.forEach.call(document.querySelectorAll("svg.plot"), function (svg) {
    var data = JSON.parse(svg.getAttribute("data-plot")), f = data.frame, l = data.limits;
    var out = svg.parentNode.querySelector(".reading"), guide = document.createElementNS(NS, "line");
    guide.setAttribute("stroke", "#555"); guide.setAttribute("stroke-width", "0.8"); guide.setAttribute("visibility", "hidden");
    guide.setAttribute("y1", f[1]); guide.setAttribute("y2", f[1] + f[3]); svg.appendChild(guide);
    function move(event) {
      var box = svg.getBoundingClientRect();
      var u = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      if (u < f[0] || u > f[0] + f[2]) { leave(); return; }
      var x = l[0] + (u - f[0]) / f[2] * (l[1] - l[0]), text = null;
      data.series.forEach(function (s) {
        var i = nearest(s.x, x);
        if (i < 0) { return; }
        if (text === null) {
          text = data.resolution ? (s.x[i] > 0 ? number(1 / s.x[i]) + " Å" : "∞") : data.x + " " + number(s.x[i]);
          var place = f[0] + (s.x[i] - l[0]) / (l[1] - l[0]) * f[2];
          guide.setAttribute("x1", place); guide.setAttribute("x2", place); guide.setAttribute("visibility", "visible");
        }
        text += "  ·  " + s.label + ": " + number(s.y[i]);
      });
      out.textContent = text || "";
    }
    function leave() { guide.setAttribute("visibility", "hidden"); out.textContent = ""; }
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerleave", leave);
  });
  window.addEventListener("beforeprint", function () {
    Array.prototype.forEach.call(document.querySelectorAll("details"), function (d) { d.open = true; });
  });
}());
