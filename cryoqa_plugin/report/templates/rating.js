(function () {
  "use strict";
  var box = document.getElementById("rating");
  if (!box) { return; }
  var form = box.querySelector("form"), said = box.querySelector("output"), about = JSON.parse(box.getAttribute("data-about"));
  var place = "cryoqa rating " + about.key, faults = Array.prototype.slice.call(form.querySelectorAll("input[type=checkbox]"));
  function read() {
    var verdict = form.querySelector("input[name=verdict]:checked");
    return { schema: "cryoqa/rating/1", title: about.title, inputs: about.inputs, cryoqa: about.cryoqa, verdict: verdict ? verdict.value : null,
      faults: faults.filter(function (f) { return f.checked; }).map(function (f) { return f.value; }),
      remark: form.elements.remark.value, rater: form.elements.rater.value, date: new Date().toISOString() };
  }
  function write(rating) {
    Array.prototype.forEach.call(form.querySelectorAll("input[name=verdict]"), function (e) { e.checked = e.value === rating.verdict; });
    faults.forEach(function (f) { f.checked = (rating.faults || []).indexOf(f.value) >= 0; });
    form.elements.remark.value = rating.remark || "";
    form.elements.rater.value = rating.rater || "";
  }
  function kept() { try { return JSON.parse(window.localStorage.getItem(place)); } catch (ignored) { return null; } }
  function keep() {
    try { window.localStorage.setItem(place, JSON.stringify(read())); said.textContent = "Kept in this browser."; }
    catch (ignored) { said.textContent = "This browser keeps nothing for this page; save the rating as a file."; }
  }
  var before = kept();
  if (before) { write(before); said.textContent = "As you left it on " + String(before.date).slice(0, 10) + "."; }
  form.addEventListener("input", keep);
  form.addEventListener("submit", function (e) { e.preventDefault(); });
  box.querySelector(".save").addEventListener("click", function () {
    var link = document.createElement("a"), text = JSON.stringify(read(), null, 1);
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "rating_" + about.title.replace(/[^A-Za-z0-9._-]+/g, "_") + ".json";
    link.click();
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
    said.textContent = "Saved as " + link.download + ".";
  });
  box.querySelector(".forget").addEventListener("click", function () {
    form.reset();
    write({});
    try { window.localStorage.removeItem(place); } catch (ignored) { said.textContent = ""; }
    said.textContent = "Forgotten.";
  });
}());
