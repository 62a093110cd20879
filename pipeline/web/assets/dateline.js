// What a page can do better with a script. All of it works without.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const box = document.getElementById("q");

  // On a phone the facets are closed until somebody wants them.
  const narrow = document.querySelector(".side details");
  if (narrow && matchMedia("(max-width: 46rem)").matches) narrow.open = false;

  // Brushing: drag over the bars, and the page of that time opens.
  for (const svg of document.querySelectorAll(".time .chart svg")) {
    const bars = [...svg.querySelectorAll("a")];
    let from = -1, to = -1, moved = false;
    const at = (e) => {
      const r = svg.getBoundingClientRect();
      return Math.max(0, Math.min(bars.length - 1, Math.floor((e.clientX - r.left) / r.width * bars.length)));
    };
    const paint = () => bars.forEach((b, i) => b.classList.toggle("in", from >= 0 && i >= Math.min(from, to) && i <= Math.max(from, to)));
    svg.addEventListener("pointerdown", (e) => {
      if (e.button !== 0 || e.pointerType === "touch") return;
      from = to = at(e);
      moved = false;
    });
    svg.addEventListener("dragstart", (e) => e.preventDefault());
    addEventListener("pointermove", (e) => {
      if (from < 0) return;
      const now = at(e);
      if (now !== to) { to = now; moved = true; paint(); }
    });
    addEventListener("pointerup", () => {
      if (from < 0) return;
      const [a, b] = [bars[Math.min(from, to)], bars[Math.max(from, to)]];
      from = -1;
      if (!moved) return;
      paint();
      const form = svg.closest(".time").querySelector("form");
      form.elements.from.value = a.dataset.from;
      form.elements.to.value = b.dataset.to;
      form.requestSubmit();
    });
    // A click that ends a brush opens nothing.
    svg.addEventListener("click", (e) => { if (moved) { e.preventDefault(); moved = false; } }, true);
  }

  // A quote, its speaker, and a line between the two.
  const text = document.querySelector(".text");
  if (text) {
    const ns = "http://www.w3.org/2000/svg";
    let line = null;
    const clear = () => {
      if (line) line.remove();
      line = null;
      document.querySelectorAll(".lit").forEach((n) => n.classList.remove("lit"));
      document.querySelectorAll(".lit-speaker").forEach((n) => n.classList.remove("lit-speaker"));
    };
    const show = (mark) => {
      clear();
      text.querySelectorAll(".q" + (mark.dataset.quote - 1)).forEach((n) => n.classList.add("lit"));
      const speaker = mark.dataset.speaker && document.getElementById(mark.dataset.speaker);
      if (!speaker) return;
      speaker.classList.add("lit-speaker");
      const a = mark.getBoundingClientRect(), b = speaker.getBoundingClientRect();
      const [x1, y1] = [a.left + a.width / 2 + scrollX, a.top + scrollY];
      const [x2, y2] = [b.left + b.width / 2 + scrollX, (b.top > a.bottom ? b.top : b.top < a.top - 4 ? b.bottom : b.top) + scrollY];
      const lift = Math.abs(y1 - y2) < 20 ? -18 : 0;
      line = document.createElementNS(ns, "svg");
      line.setAttribute("class", "line");
      line.setAttribute("aria-hidden", "true");
      line.style.left = "0"; line.style.top = "0";
      const path = document.createElementNS(ns, "path");
      path.setAttribute("d", `M${x1} ${y1} C${x1} ${(y1 + y2) / 2 + lift} ${x2} ${(y1 + y2) / 2 + lift} ${x2} ${y2}`);
      line.append(path);
      document.body.append(line);
    };
    for (const mark of text.querySelectorAll(".qmark")) {
      mark.addEventListener("mouseenter", () => show(mark));
      mark.addEventListener("focus", () => show(mark));
      mark.addEventListener("mouseleave", clear);
      mark.addEventListener("blur", clear);
    }
  }

  // Suggestions for the word that is being typed.
  const form = box && box.form;
  if (form) {
    const list = document.createElement("ul");
    list.className = "suggest";
    list.id = "suggestions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Names");
    list.hidden = true;
    form.append(list);
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", list.id);
    box.setAttribute("aria-expanded", "false");
    let at = -1, wanted = 0, timer = 0, took = false;
    const close = () => { list.hidden = true; at = -1; box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant"); };
    // What is being typed: the last two words, or the last, and where it starts.
    const words = () => {
      const before = box.value.slice(0, box.selectionStart);
      const out = [];
      for (const re of [/(?:^|\s)-?(?:person:|org:|place:|speaker:)?"?([^\s":]{2,} [^\s":]+)$/, /(?:^|\s)-?(?:person:|org:|place:|speaker:)?"?([^\s":]{2,})$/]) {
        const m = before.match(re);
        if (m) out.push({ start: before.length - m[0].trimStart().length, text: m[1] });
      }
      return out;
    };
    let typed = null;
    const take = (li) => {
      if (typed) {
        const after = box.value.slice(box.selectionStart);
        box.value = box.value.slice(0, typed.start) + li.dataset.query + " " + after.trimStart();
      }
      wanted++; // an answer that is still under way comes too late
      close();
      box.focus();
    };
    const mark = (i) => {
      at = i;
      [...list.children].forEach((li, k) => li.setAttribute("aria-selected", String(k === at)));
      if (at >= 0) box.setAttribute("aria-activedescendant", list.children[at].id);
      else box.removeAttribute("aria-activedescendant");
    };
    const ask = async () => {
      const mine = ++wanted;
      let items = [], word = null;
      for (const w of words()) {
        try {
          const res = await fetch("/api/suggest?q=" + encodeURIComponent(w.text), { headers: { Accept: "application/json" } });
          if (res.ok) items = (await res.json()).items;
        } catch { /* no suggestions, then */ }
        word = w;
        if (items.length || mine !== wanted) break;
      }
      // One that is marked already is not taken away.
      if (mine !== wanted || at >= 0 || document.activeElement !== box) return;
      typed = word;
      list.replaceChildren(...items.map((item, i) => {
        const li = document.createElement("li");
        li.id = "suggestion-" + i;
        li.setAttribute("role", "option");
        li.dataset.query = item.query;
        const name = document.createElement("bdi");
        name.className = item.type;
        name.textContent = item.name;
        const n = document.createElement("span");
        n.className = "num";
        n.textContent = item.type + " · " + item.articles;
        li.append(name, n);
        li.addEventListener("mousedown", (e) => { e.preventDefault(); take(li); });
        return li;
      }));
      list.hidden = items.length === 0;
      box.setAttribute("aria-expanded", String(!list.hidden));
      at = -1;
    };
    box.addEventListener("input", () => { if (at >= 0) mark(-1); clearTimeout(timer); timer = setTimeout(ask, 140); });
    box.addEventListener("blur", close);
    box.addEventListener("keydown", (e) => {
      const n = list.hidden ? 0 : list.children.length;
      if (e.key === "Escape") { if (n) close(); else box.blur(); }
      if (!n) return;
      if (e.key === "ArrowDown") { e.preventDefault(); mark((at + 1) % n); }
      if (e.key === "ArrowUp") { e.preventDefault(); mark((at + n - 1) % n); }
      if ((e.key === "Enter" || e.key === "Tab") && at >= 0) { e.preventDefault(); took = true; take(list.children[at]); }
    });
    // A browser may submit the form for the character of a key whose press was dealt with (Chrome, now and then).
    box.addEventListener("keyup", () => { took = false; });
    form.addEventListener("submit", (e) => { if (took) e.preventDefault(); });
  }

  // Keys: / to the box, j and k through what was found.
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
    if (e.key === "/" && box) { e.preventDefault(); box.focus(); box.select(); }
    if (e.key === "j" || e.key === "k") {
      const hits = [...document.querySelectorAll(".hit h3 a, .saying .from > a, .events .what a.date")];
      const now = hits.indexOf(document.activeElement);
      const next = hits[e.key === "j" ? now + 1 : Math.max(0, now - 1)];
      if (next) next.focus();
    }
  });
})();
