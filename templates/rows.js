// Show the texts of the listed rows from a predictions file that the reader opens. The file is read in this page and goes nowhere.
(function () {
  "use strict";
  var box = document.getElementById("row-texts");
  var tables = Array.prototype.slice.call(document.querySelectorAll("table[data-predictions]"));
  if (!box || !tables.length || !window.FileReader) { return; }
  var LONGEST = 4000000; // cells of the alignment's table

  var input = document.createElement("input");
  input.type = "file";
  input.accept = ".jsonl";
  input.multiple = true;
  input.id = "row-texts-file";
  var label = document.createElement("label");
  label.htmlFor = input.id;
  label.textContent = "Texts of the rows that pay: open TASK.jsonl. The file stays on this machine. ";
  var status = document.createElement("p");
  status.setAttribute("role", "status");
  box.appendChild(label);
  box.appendChild(input);
  box.appendChild(status);
  box.hidden = false;

  function asText(value) {
    if (typeof value === "string") { return value; }
    if (Array.isArray(value) && value.every(function (v) { return typeof v === "string"; })) { return value.join(" / "); }
    return value === null || value === undefined ? "" : JSON.stringify(value);
  }

  // Levenshtein over words, ignoring case: [kind, word] for the reference and for the output.
  function align(reference, output) {
    var a = reference.split(/\s+/).filter(Boolean), b = output.split(/\s+/).filter(Boolean);
    if ((a.length + 1) * (b.length + 1) > LONGEST) { return [[["=", reference]], [["=", output]]]; }
    var width = b.length + 1, cost = new Uint32Array((a.length + 1) * width), i, j;
    for (i = 0; i <= a.length; i += 1) {
      for (j = 0; j <= b.length; j += 1) {
        if (!i || !j) { cost[i * width + j] = i + j; continue; }
        cost[i * width + j] = Math.min(
          cost[(i - 1) * width + j] + 1, cost[i * width + j - 1] + 1,
          cost[(i - 1) * width + j - 1] + (a[i - 1].toLowerCase() === b[j - 1].toLowerCase() ? 0 : 1));
      }
    }
    var left = [], right = [];
    i = a.length;
    j = b.length;
    while (i || j) {
      var same = i && j && a[i - 1].toLowerCase() === b[j - 1].toLowerCase();
      if (i && j && cost[i * width + j] === cost[(i - 1) * width + j - 1] + (same ? 0 : 1)) {
        left.push([same ? "=" : "x", a[i - 1]]);
        right.push([same ? "=" : "x", b[j - 1]]);
        i -= 1;
        j -= 1;
      } else if (i && cost[i * width + j] === cost[(i - 1) * width + j] + 1) {
        left.push(["x", a[i - 1]]);
        i -= 1;
      } else {
        right.push(["x", b[j - 1]]);
        j -= 1;
      }
    }
    return [left.reverse(), right.reverse()];
  }

  function line(name, words, tag) {
    var p = document.createElement("p");
    p.className = "row-text";
    var head = document.createElement("b");
    head.textContent = name + ": ";
    p.appendChild(head);
    var text = document.createElement("bdi");
    words.forEach(function (pair, n) {
      if (n) { text.appendChild(document.createTextNode(" ")); }
      var node = document.createElement(pair[0] === "=" ? "span" : tag);
      node.textContent = pair[1];
      text.appendChild(node);
    });
    p.appendChild(text);
    return p;
  }

  function show(name, content) {
    var stem = name.replace(/\.jsonl$/, "");
    var mine = tables.filter(function (t) { return t.getAttribute("data-predictions") === stem; });
    if (!mine.length) { return name + ": no table of this report is about this file."; }
    var wanted = {};
    mine.forEach(function (t) {
      Array.prototype.forEach.call(t.querySelectorAll("tr[data-row]"), function (tr) {
        (wanted["=" + tr.getAttribute("data-row")] = wanted["=" + tr.getAttribute("data-row")] || []).push(tr);
      });
    });
    var shown = 0, broken = 0;
    content.split("\n").forEach(function (raw) {
      if (!raw.trim()) { return; }
      var row;
      try { row = JSON.parse(raw); } catch (error) { broken += 1; return; }
      var rows = row && wanted["=" + row.id];
      if (!rows) { return; }
      var parts = align(asText(row.reference), asText(row.hypothesis));
      rows.forEach(function (tr) {
        var cell = tr.querySelector(".happened");
        Array.prototype.forEach.call(cell.querySelectorAll(".row-text"), function (old) { cell.removeChild(old); });
        cell.appendChild(line("Reference", parts[0], "del"));
        cell.appendChild(line("Output", parts[1], "ins"));
      });
      shown += 1;
    });
    var all = Object.keys(wanted).length;
    return name + ": texts of " + shown + " of " + all + " rows" + (broken ? "; " + broken + " lines are invalid JSON" : "") + ".";
  }

  input.addEventListener("change", function () {
    var said = [];
    Array.prototype.forEach.call(input.files, function (file) {
      var reader = new FileReader();
      reader.onload = function () {
        said.push(show(file.name, String(reader.result)));
        status.textContent = said.join(" ");
      };
      reader.onerror = function () {
        said.push(file.name + ": cannot be read.");
        status.textContent = said.join(" ");
      };
      reader.readAsText(file);
    });
  });
  // For tests, and for pages that embed this one.
  box.showRows = show;
}());
