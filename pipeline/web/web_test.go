package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/coref"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/extractor/text"
	"github.com/datelinenews/dateline/extractor/timex"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/bleve"
	"github.com/datelinenews/dateline/pipeline/files"
	"github.com/datelinenews/dateline/testdata"
)

// stored are the articles that come with the program, as an index has them.
func stored(t *testing.T, more ...pipeline.Record) *bleve.Index {
	t.Helper()
	index, err := bleve.Open(t.TempDir(), bleve.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = index.Close() })
	recs, err := examples()
	if err != nil || len(recs) != 21 {
		t.Fatalf("%d articles: %v", len(recs), err)
	}
	more = append(more, recs...)
	if err := index.Write(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	return index
}

// examples are the records of the articles that come with the program.
var examples = sync.OnceValues(func() ([]pipeline.Record, error) {
	x, err := extractor.New(extractor.Options{})
	if err != nil {
		return nil, err
	}
	source, err := files.Open(files.Config{Paths: []string{"articles"}, FS: testdata.Articles})
	if err != nil {
		return nil, err
	}
	defer source.Close()
	var out collector
	runner := &pipeline.Runner{Source: source, Sink: &out, Extract: x.Extract, Dead: pipeline.NewDeadFile(os.DevNull)}
	_, err = runner.Run(context.Background())
	return out, err
})

// collector is a sink that keeps what it is given.
type collector []pipeline.Record

func (c *collector) Write(_ context.Context, recs []pipeline.Record) error {
	*c = append(*c, recs...)
	return nil
}

func newServer(t *testing.T, c Config) *Server {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get asks for a page.
func get(t *testing.T, h http.Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", "text/html")
	r.Host = "localhost"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	s := newServer(t, Config{Store: stored(t), Version: "v9", Name: "here"})
	for path, want := range map[string][]string{
		"/entities/person:priya-raghunathan":        {"Roles over time", "chartered engineer"},
		"/":                                         {"21 articles", "Narrow down", "/articles/inquest-bridge"},
		"/?q=bridge+inquest":                        {"1 article", "<mark>bridge</mark>", `value="bridge inquest"`},
		"/?q=source%3ANowhere":                      {"0 articles", "Nothing is found", "Nowhere"},
		"/?q=bridge+date%3Ayesterday":               {"want a day, a month", "The rest of the query is answered"},
		"/articles/inquest-bridge":                  {"Priya Raghunathan", "/entities/person:priya-raghunathan", "chartered engineer", "Read it at", "6 January 2024", "where named"},
		"/entities/person:peter-kiplagat-rono":      {"Peter Kiplagat Rono", "Who it appears with", "Latest articles"},
		"/entities/person:lakeside-peoples-council": {"See Other"},
		"/quotes?q=speaker%3AKiplagat":              {"5 quotes", "I wrote it in the book", "articles/ferry-inquiry#q"},
		"/timeline?q=strike":                        {"next Tuesday", "ahead"},
		"/timeline":                                 {"Said to happen"},
		"/status":                                   {"Articles", "21", "v9", "here"},
		"/help":                                     {`person:"Ada Bell"`},
		"/nope":                                     {"/nope.", "Not found"},
		"/articles/nope":                            {"No such article"},
		"/entities/nope":                            {"before the name"},
		"/entities/person:nobody-at-all":            {"No article in the index names this entity"},
		"/?page=9999999":                            {"narrow the query"},
	} {
		w := get(t, s, path)
		body := w.Body.String()
		for _, part := range want {
			if !strings.Contains(body, part) && !strings.Contains(strings.ReplaceAll(body, `&#34;`, `"`), part) {
				t.Errorf("%s (%d) lacks %q", path, w.Code, part)
			}
		}
		if w.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s has policy %q", path, w.Header().Get("Content-Security-Policy"))
		}
		if m := regexp.MustCompile(`(?i)<[^>]+ (style|on[a-z]+)=|<style|<script(?: |>)[^s]|(?:src|href)="(?:https?:)?//`).FindString(noOutLinks(body)); m != "" {
			t.Errorf("%s has %q, which the policy forbids", path, m)
		}
	}
}

// noOutLinks takes the links to articles' own pages away, which nothing loads.
func noOutLinks(s string) string {
	return regexp.MustCompile(`<a class="out"[^>]*>`).ReplaceAllString(s, "")
}

// What a form beside the box asks for becomes the query.
func TestFormsBecomeTheQuery(t *testing.T) {
	s := newServer(t, Config{Store: stored(t)})
	for path, want := range map[string]string{
		"/?q=bridge&from=2025-01&to=2025-02":                                "bridge published:2025-01..2025-02",
		"/?q=published:2024&from=&to=":                                      "",
		"/quotes?q=&words=&speaker=Kiplagat&cue=&kind=direct&from=2025&to=": `speaker:Kiplagat kind:direct published:2025-01-01..`,
	} {
		w := get(t, s, path)
		u, err := url.Parse(w.Header().Get("Location"))
		if w.Code != http.StatusSeeOther || err != nil || u.Query().Get("q") != want {
			t.Errorf("%s answers %d and leads to %q, want the query %q", path, w.Code, u, want)
		}
	}
	if w := get(t, s, "/?q=x&from=soon"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "want a day") {
		t.Errorf("a wrong date in a form answers %d", w.Code)
	}
}

// hostile is an article that wants to be more than text.
func hostile() pipeline.Record {
	const script = `<script>alert(1)</script>`
	const attr = `" onmouseover="alert(2)`
	const bidi = "Ada \u202egnp.exe\u2066 Bell"
	title := script + attr
	body := "By " + bidi + ". " + script + " said “" + attr + "” on \x1b[31m14 January\u0007. javascript:alert(3)"
	full := title + "\n\n" + body
	span := func(s string) text.Span {
		i := strings.LastIndex(full, s)
		return text.Span{Start: i, End: i + len(s)}
	}
	who := 0
	a := &extractor.Article{ID: `x/../"><script>`, URL: "javascript:alert(4)", Title: title, Body: body, Source: script, Published: time.Date(2025, 1, 16, 0, 0, 0, 0, time.UTC)}
	return pipeline.NewRecord(a, &extractor.Analysis{
		Version:  script,
		Entities: []coref.Entity{{Type: ner.Person, Name: script, Role: attr, Acronym: bidi, Key: `person:` + script, Mentions: []int{0, 9}}},
		Mentions: []ner.Mention{{Span: span(script), Text: script, Type: ner.Person, Form: ner.Name, Score: 1}, {Span: text.Span{Start: 1 << 30, End: 5}, Type: ner.Place, Entity: 77}},
		Dates:    []timex.Date{{Span: span("14 January"), Text: script, Type: timex.Type(script), Value: attr}, {Span: text.Span{Start: -4, End: 2}}},
		Quotes: []quote.Quote{{Span: span(attr), Text: attr, Kind: quote.Kind(script), Rule: script, Score: 0.4,
			Speaker: &quote.Speaker{Entity: &who, Expression: &quote.Expression{Span: span(script), Text: script}}, Cue: &quote.Cue{Text: script}}},
	}, time.Time{})
}

func TestHostileArticles(t *testing.T) {
	r := hostile()
	s := newServer(t, Config{Store: stored(t, r)})
	for _, path := range []string{
		"/?q=alert", articleURL(r.ID), entityURL(r.Entities[0].Key), "/quotes?q=alert", "/timeline?q=alert", "/status",
		"/?q=" + url.QueryEscape(`person:"<script>alert(1)</script>" "></form><script>alert(5)</script>`), "/nope%22%3E%3Cscript%3E",
	} {
		w := get(t, s, path)
		body := w.Body.String()
		if w.Code >= 500 || !strings.Contains(body, "</html>") {
			t.Fatalf("%s answers %d", path, w.Code)
		}
		for _, bad := range []string{"<script>", `" onmouseover="`, `href="javascript:`, "\u202e", "\u2066", "\x1b", "\x07"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
	}
	if body := get(t, s, articleURL(r.ID)).Body.String(); !strings.Contains(body, "&lt;script&gt;") || !strings.Contains(body, "Ada \ufffdgnp") {
		t.Error("the article does not show its text")
	}
	w := get(t, s, "/api/search.csv?q=alert")
	if !strings.Contains(w.Body.String(), "javascript:alert(4)") || strings.Contains(w.Body.String(), "\u202e") {
		t.Errorf("the table is\n%s", w.Body)
	}
}

// An article may be as long as the limit lets it, and be full of names.
func TestHugeArticle(t *testing.T) {
	var b strings.Builder
	x := &extractor.Analysis{Version: "t", Entities: []coref.Entity{}, Mentions: []ner.Mention{}, Dates: []timex.Date{}, Quotes: []quote.Quote{}}
	for i := range 10_000 {
		name := "Name" + strings.Repeat("x", i%7) + string(rune('A'+i%26)) + strings.Repeat("y", i/26%50)
		start := b.Len()
		b.WriteString(name)
		x.Entities = append(x.Entities, coref.Entity{ID: i, Type: ner.Types()[i%3], Name: name, Key: coref.Key(ner.Types()[i%3], name), Mentions: []int{i}})
		x.Mentions = append(x.Mentions, ner.Mention{Span: text.Span{Start: start, End: b.Len()}, Text: name, Type: ner.Types()[i%3], Entity: i, Form: ner.Name, Score: 0.5})
		b.WriteString(" went to see the others, and it was a long way that nobody would go alone in the rain.\n")
	}
	rec := pipeline.NewRecord(&extractor.Article{ID: "huge", Body: b.String()}, x, time.Time{})
	if len(rec.Text) < 900_000 {
		t.Fatalf("only %d bytes", len(rec.Text))
	}
	s := newServer(t, Config{Store: stored(t, rec)})
	from := time.Now()
	w := get(t, s, "/articles/huge")
	if w.Code != http.StatusOK || strings.Count(w.Body.String(), `<a id="m`) != 10_000 || !strings.Contains(w.Body.String(), "more</p>") {
		t.Errorf("the page answers %d with %d names in the text", w.Code, strings.Count(w.Body.String(), `<a id="m`))
	}
	t.Logf("%d bytes of page in %s", w.Body.Len(), time.Since(from))
	if w := get(t, s, "/?q=alone"); w.Code != http.StatusOK || w.Body.Len() > 100_000 {
		t.Errorf("the hit's page has %d bytes", w.Body.Len())
	}
}

func TestGate(t *testing.T) {
	index := stored(t)
	from := func(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	header := func(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	t.Run("token", func(t *testing.T) {
		s := newServer(t, Config{Store: index, Token: "open sesame"})
		if w := get(t, s, "/"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" {
			t.Errorf("a page without a token answers %d", w.Code)
		}
		for _, path := range []string{"/api/search", "/openapi.json", "/feed.atom", "/quotes"} {
			if w := get(t, s, path, header("Accept", "*/*"), header("Authorization", "Bearer open")); w.Code != http.StatusUnauthorized {
				t.Errorf("%s with a wrong token answers %d", path, w.Code)
			}
			if w := get(t, s, path, header("Authorization", "Bearer open sesame")); w.Code != http.StatusOK {
				t.Errorf("%s with the token answers %d", path, w.Code)
			}
		}
		if w := get(t, s, "/healthz"); w.Code != http.StatusOK {
			t.Errorf("/healthz answers %d", w.Code)
		}
		sign := func(token string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(url.Values{"token": {token}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w
		}
		if w := sign("wrong"); w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
			t.Errorf("a wrong token signs in: %d", w.Code)
		}
		cookies := sign("open sesame").Result().Cookies()
		if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || strings.Contains(cookies[0].Value, "sesame") {
			t.Fatalf("signing in sets %v", cookies)
		}
		if w := get(t, s, "/", func(r *http.Request) { r.AddCookie(cookies[0]) }); w.Code != http.StatusOK {
			t.Errorf("signed in, a page answers %d", w.Code)
		}
	})
	t.Run("proxy", func(t *testing.T) {
		s := newServer(t, Config{Store: index, ProxyHeader: "X-User", ProxyFrom: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
		for _, c := range []struct {
			addr, user string
			want       int
		}{{"10.1.2.3:9", "ada", 200}, {"10.1.2.3:9", "", 403}, {"10.2.2.3:9", "ada", 403}, {"[::ffff:10.1.2.3]:9", "ada", 200}} {
			if w := get(t, s, "/", from(c.addr), header("X-User", c.user)); w.Code != c.want {
				t.Errorf("%q from %s: %d, want %d", c.user, c.addr, w.Code, c.want)
			}
		}
	})
	t.Run("another host's name", func(t *testing.T) {
		s := newServer(t, Config{Store: index, Loopback: true})
		for h, want := range map[string]int{"localhost:8080": 200, "127.0.0.1": 200, "[::1]:80": 200, "evil.example": 421, "localhost.evil.example:8080": 421, "": 421} {
			if w := get(t, s, "/help", host(h)); w.Code != want {
				t.Errorf("host %q: %d, want %d", h, w.Code, want)
			}
		}
	})
	t.Run("rate", func(t *testing.T) {
		now := time.Unix(1e9, 0)
		s := newServer(t, Config{Store: index, PerSecond: 1, Burst: 3, Now: func() time.Time { return now }})
		var codes []int
		for range 4 {
			codes = append(codes, get(t, s, "/help").Code)
		}
		if codes[2] != 200 || codes[3] != 429 {
			t.Errorf("answers %v", codes)
		}
		if w := get(t, s, "/help", from("10.0.0.9:1")); w.Code != 200 {
			t.Errorf("somebody else gets %d", w.Code)
		}
		if w := get(t, s, "/help"); w.Header().Get("Retry-After") == "" {
			t.Error("no word of when to come back")
		}
		now = now.Add(time.Second)
		if w := get(t, s, "/help"); w.Code != 200 {
			t.Errorf("a second later: %d", w.Code)
		}
	})
	t.Run("size", func(t *testing.T) {
		s := newServer(t, Config{Store: index})
		if w := get(t, s, "/?q="+strings.Repeat("a", maxURL)); w.Code != http.StatusRequestURITooLong {
			t.Errorf("a long address answers %d", w.Code)
		}
		if w := get(t, s, "/?q="+strings.Repeat("a+", maxQuery)); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "is cut") {
			t.Errorf("a long query answers %d", w.Code)
		}
	})
	t.Run("other methods", func(t *testing.T) {
		s := newServer(t, Config{Store: index})
		for _, m := range []string{http.MethodPost, http.MethodDelete, http.MethodPut} {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(m, "/api/search", nil))
			if w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s answers %d", m, w.Code)
			}
		}
	})
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in\n%.300s", err, w.Body)
	}
	return v
}

// Copies of one story are listed once, until all are asked for.
func TestCopiesAreFolded(t *testing.T) {
	story := "The ferrymen of Ostrava voted on Sunday to end their strike after nine days, and boats will sail again from Monday at dawn, the union said in a statement that it read out on the quay. The company did not comment, but its lights were on until late in the night, and two vans came and went."
	var twins []pipeline.Record
	for _, id := range []string{"twin-1", "twin-2"} {
		twins = append(twins, pipeline.NewRecord(&extractor.Article{ID: id, Title: "Ferrymen end strike", Body: story, Published: time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)},
			&extractor.Analysis{Version: "t", Entities: []coref.Entity{}, Mentions: []ner.Mention{}, Dates: []timex.Date{}, Quotes: []quote.Quote{}}, time.Time{}))
	}
	s := newServer(t, Config{Store: stored(t, twins...)})
	once := get(t, s, "/?q=ferrymen").Body.String()
	if !strings.Contains(once, "1 article<") || !strings.Contains(once, "and 1 copy</a>") {
		t.Error("the copy is not folded")
	}
	m := regexp.MustCompile(`href="([^"]+)">and 1 copy`).FindStringSubmatch(once)
	if len(m) != 2 {
		t.Fatal("nothing leads to the copies")
	}
	for _, path := range []string{"/?q=ferrymen&copies=all", strings.ReplaceAll(m[1], "&amp;", "&")} {
		if all := get(t, s, path).Body.String(); !strings.Contains(all, "2 articles<") || !strings.Contains(all, "/articles/twin-1") || !strings.Contains(all, "/articles/twin-2") {
			t.Errorf("%s does not list both", path)
		}
	}
}

func TestAround(t *testing.T) {
	const story = "Title\n\nThe mayor said on Monday: “We are safe,” and left. Then it rained.\n\nEnd."
	at := strings.Index(story, "We are safe,")
	long := strings.Repeat("é word ", 100)
	for _, c := range []struct {
		text          string
		start, end    int
		before, after string
	}{
		{story, at, at + len("We are safe,"), "The mayor said on Monday:", "and left. Then it rained."},
		{story, 0, 5, "", ""},
		{story, len(story), len(story), "End.", ""},
		{story, -1, 5, "", ""},
		{story, 5, 1 << 30, "", ""},
		{story, 9, 8, "", ""},
	} {
		if before, after := around(c.text, c.start, c.end); before != c.before || after != c.after {
			t.Errorf("around(%d, %d) is %q and %q, want %q and %q", c.start, c.end, before, after, c.before, c.after)
		}
	}
	before, after := around(long+"“x”"+long, len(long)+3, len(long)+4)
	if !strings.HasPrefix(before, "…") || !strings.HasSuffix(after, "…") || len(before) > aroundMost+10 || len(after) > aroundMost+10 || !utf8.ValidString(before+after) {
		t.Errorf("a long paragraph gives %q and %q", before, after)
	}
}
