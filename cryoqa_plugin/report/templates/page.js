(function () {
  "use strict";
  function all(sel, f) { Array.prototype.forEach.call(document.querySelectorAll(sel), f); }
  all("input[data-table]", function (box) {            // search in a table
    var rows = document.getElementById(box.getAttribute("data-table")).tBodies[0].rows, out = box.parentNode.querySelector("output");
    function run() {
      var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
      Array.prototype.forEach.call(rows, function (r) {
        var t = r.textContent.toLowerCase(), yes = words.every(function (w) { return t.indexOf(w) >= 0; });
        r.hidden = !yes; shown += yes ? 1 : 0;
      });
      out.textContent = shown + " of " + rows.length;
    }
    box.addEventListener("input", run); run();
  });
  var links = {};
  all("nav.side a[href^='#']", function (a) { links[a.getAttribute("href").slice(1)] = a; });
  var due = false;
  function mark() {                                     // the section being read, in the contents
    var best = "top";
    due = false;
    Object.keys(links).forEach(function (id) { var s = document.getElementById(id); if (s && s.getBoundingClientRect().top < 160) { best = id; } });
    if (window.innerHeight + window.scrollY > document.documentElement.scrollHeight - 4) { best = "all"; }
    Object.keys(links).forEach(function (id) { var on = id === best; links[id].classList.toggle("here", on); if (on) { links[id].setAttribute("aria-current", "true"); } else { links[id].removeAttribute("aria-current"); } });
  }
  window.addEventListener("scroll", function () { if (!due) { due = true; requestAnimationFrame(mark); } }, { passive: true });
  function reveal() {                                   // a link into a fold opens it
    var t = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (var e = t; e; e = e.parentNode) { if (e.tagName === "DETAILS") { e.open = true; } }
    if (t && t.tagName === "DETAILS") { t.open = true; }
  }
  window.addEventListener("hashchange", reveal); reveal();
}());
