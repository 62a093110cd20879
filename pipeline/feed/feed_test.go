package feed

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

// server is a web server whose pages a test sets. It counts requests.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]http.HandlerFunc
	asked map[string]int
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{pages: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	h := s.pages[r.URL.Path]
	s.mu.Unlock()
	if h == nil {
		http.NotFound(w, r)
		return
	}
	h(w, r)
}

func (s *server) handle(path string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = h
}

func (s *server) text(path, contentType, body string) {
	s.handle(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	})
}

func (s *server) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

func openState(t *testing.T, path string) *State {
	t.Helper()
	state, err := OpenState(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = state.Close() })
	return state
}

// quick is a configuration for loopback.
func quick(state *State, urls ...string) Config {
	c := Config{State: state, HostDelay: -1, Timeout: 5 * time.Second, Pages: PagesNever, PerHost: 8}
	for _, u := range urls {
		c.Feeds = append(c.Feeds, Feed{URL: u, Trusted: true})
	}
	return c
}

// run polls once, commits all, and returns the articles.
func run(t *testing.T, c Config) ([]*extractor.Article, []error, Summary) {
	t.Helper()
	src, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out []*extractor.Article
	var dead []error
	for {
		b, err := src.Read(ctx)
		if errors.Is(err, io.EOF) {
			return out, dead, src.Summary()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range b.Messages {
			if m.Err != nil {
				dead = append(dead, m.Err)
				continue
			}
			a, warnings, err := pipeline.Decode(m)
			if err != nil || len(warnings) > 0 {
				t.Fatalf("%s: %v %v", m.Value, err, warnings)
			}
			out = append(out, a)
		}
		if err := src.Commit(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
}

func rss(items string) string {
	return `<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Ada Post</title><language>en</language>` + items + `</channel></rss>`
}

const oneItem = `<item><guid isPermaLink="false">1</guid><title>Bridge opens</title><link>/a/1</link><description>The bridge is open.</description><pubDate>Tue, 04 Mar 2025 09:30:00 +0200</pubDate></item>`

// TestForms: every form of feed gives the same article.
func TestForms(t *testing.T) {
	forms := map[string]struct{ contentType, body string }{
		"rss 2.0": {"application/rss+xml", rss(oneItem)},
		"rss 0.91": {"text/xml", `<rss version="0.91"><channel><title>Ada Post</title>
			<item><title>Bridge opens</title><link>/a/1</link><description>The bridge is open.</description><pubDate>Tue, 04 Mar 2025 09:30:00 +0200</pubDate></item></channel></rss>`},
		"rss 1.0": {"application/rdf+xml", `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
			<channel><title>Ada Post</title></channel><item><title>Bridge opens</title><link>/a/1</link><description>The bridge is open.</description><dc:date>2025-03-04T09:30:00+02:00</dc:date></item></rdf:RDF>`},
		"atom": {"application/atom+xml", `<feed xmlns="http://www.w3.org/2005/Atom"><title>Ada Post</title><entry><id>1</id><title>Bridge opens</title>
			<link href="/a/1"/><summary>The bridge is open.</summary><published>2025-03-04T09:30:00+02:00</published></entry></feed>`},
		"json": {"application/feed+json", `{"version":"https://jsonfeed.org/version/1.1","title":"Ada Post","items":[{"id":"1","url":"/a/1","title":"Bridge opens","content_text":"The bridge is open.","date_published":"2025-03-04T09:30:00+02:00"}]}`},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.text("/feed", form.contentType, form.body)
			got, dead, sum := run(t, quick(openState(t, filepath.Join(t.TempDir(), "s.db")), s.URL+"/feed"))
			if len(got) != 1 || len(dead) != 0 || sum.New != 1 {
				t.Fatalf("got %+v, %v, %+v", got, dead, sum)
			}
			a := got[0]
			if a.Title != "Bridge opens" || a.Body != "The bridge is open." || a.URL != s.URL+"/a/1" || a.Source != "Ada Post" ||
				a.Published.UTC().Format(time.RFC3339) != "2025-03-04T07:30:00Z" {
				t.Errorf("got %+v", a)
			}
		})
	}
}

// TestBadItem: an item of a JSON Feed that can't be read does not cost the others, and comes as one without
// text, which the runner makes a dead letter.
func TestBadItem(t *testing.T) {
	s := newServer(t)
	s.text("/feed", "application/feed+json", `{"version":"https://jsonfeed.org/version/1.1","title":"Ada Post","items":[5,{"id":"1","title":"Bridge opens","content_text":"The bridge is open."},{"id":"2","title":7}]}`)
	got, dead, sum := run(t, quick(openState(t, filepath.Join(t.TempDir(), "s.db")), s.URL+"/feed"))
	if len(got) != 2 || got[0].Body != "" || got[1].Body != "The bridge is open." || len(dead) != 0 || len(sum.Failed) != 0 {
		t.Fatalf("%d articles, %v, %+v", len(got), dead, sum)
	}
}

// TestMisbehaviour: what a server may do, and what becomes of it.
func TestMisbehaviour(t *testing.T) {
	gz := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, s)
		_ = w.Close()
		return b.String()
	}
	br := func(s string) string {
		var b bytes.Buffer
		w := brotli.NewWriter(&b)
		_, _ = io.WriteString(w, s)
		_ = w.Close()
		return b.String()
	}
	body := func(header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(name, value)
			}
			_, _ = io.WriteString(w, body)
		}
	}
	latin := strings.ReplaceAll(rss(strings.Replace(oneItem, "Bridge opens", "Caf\xe9 opens", 1)), "utf-8", "iso-8859-1")
	tests := []struct {
		name   string
		h      http.HandlerFunc
		titles []string // of the articles; none where it fails
		err    string   // a part of the reason
	}{
		{"slow", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			for range 100 {
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
		}, nil, "no whole answer within"},
		{"cut in its headers", func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			_ = c.Close()
		}, nil, "EOF"},
		{"body truncated", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = io.WriteString(w, rss(oneItem))
		}, nil, "cut short"},
		{"gzip truncated", body("Content-Encoding: gzip", gz(rss(oneItem))[:90]), nil, "cut short"},
		{"XML truncated", body("", rss(oneItem)[:250]), nil, "parse feed"},
		{"charset wrong in the header", body("Content-Type: text/xml; charset=utf-8", latin), []string{"Café opens"}, ""},
		{"charset wrong in the document", body("", strings.ReplaceAll(rss(strings.Replace(oneItem, "Bridge", "Café", 1)), "utf-8", "iso-8859-1")), []string{"Café opens"}, ""},
		{"charset by header", body("Content-Type: text/xml; charset=windows-1251", strings.ReplaceAll(strings.Replace(rss(oneItem), "Bridge", "\xcc\xee\xf1\xf2", 1), ` encoding="utf-8"`, "")), []string{"Мост opens"}, ""},
		{"byte order mark", body("", "\ufeff"+rss(oneItem)), []string{"Bridge opens"}, ""},
		{"redirect loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/feed", http.StatusFound) }, nil, "redirects in circles"},
		{"redirect to a file", body2(http.StatusFound, "Location", "file:///etc/passwd"), nil, "no address of the web"},
		{"redirect to a private address", body2(http.StatusFound, "Location", "http://169.254.169.254/latest/meta-data"), nil, "private"},
		{"redirect to another port of loopback", body2(http.StatusFound, "Location", "http://127.0.0.1:1/"), nil, "private"},
		{"gzip", body("Content-Encoding: gzip", gz(rss(oneItem))), []string{"Bridge opens"}, ""},
		{"gzip without a word", body("Content-Type: application/gzip", gz(rss(oneItem))), []string{"Bridge opens"}, ""},
		{"brotli", body("Content-Encoding: br", br(rss(oneItem))), []string{"Bridge opens"}, ""},
		{"gzip bomb", body("Content-Encoding: gzip", gz(strings.Repeat(" ", 3<<20))), nil, "too big"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
					return
				}
			}
		}, nil, "too big"},
		{"304 without a question", body2(http.StatusNotModified, "", ""), nil, ""},
		{"429", body2(http.StatusTooManyRequests, "Retry-After", "120"), nil, "try again in 2m0s"},
		{"503", body2(http.StatusServiceUnavailable, "Retry-After", "soon"), nil, "503"},
		{"404", body2(http.StatusNotFound, "", ""), nil, "404"},
		{"410", body2(http.StatusGone, "", ""), nil, "410"},
		{"entities and loose ampersands", body("", rss(strings.Replace(oneItem, "Bridge opens", "Bridge&nbsp;opens &mdash; R&D & more", 1))), []string{"Bridge opens — R&D & more"}, ""},
		{"external entity", body("", `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>`+strings.TrimPrefix(rss(strings.Replace(oneItem, "Bridge opens", "Bridge &x; opens", 1)), `<?xml version="1.0" encoding="utf-8"?>`)), []string{"Bridge &x; opens"}, ""},
		{"billion laughs", body("", laughs()), []string{"&lol9;"}, ""},
		{"HTML", body("Content-Type: text/html", `<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>`), nil, "/rss"},
		{"JSON of another kind", body("", `{"error":"no"}`), nil, "no feed"},
		{"nothing", body("", ""), nil, "empty"},
		{"binary", body("", "\x89PNG\x00\x01"), nil, "no feed"},
		{"moved", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
		}, []string{"Bridge opens"}, ""},
		{"guids twice", body("", rss(oneItem+strings.Replace(oneItem, "/a/1", "/a/2", 1)+oneItem)), []string{"Bridge opens", "Bridge opens"}, ""},
		{"one link for all", body("", rss(`<item><guid isPermaLink="false">1</guid><title>A</title><link>/</link><description>x</description></item><item><guid isPermaLink="false">2</guid><title>B</title><link>/</link><description>y</description></item>`)), []string{"A", "B"}, ""},
		{"no guid", body("", rss(`<item><title>A</title><link>/1</link><description>x</description></item><item><title>B</title><link>/2</link><description>y</description></item>`)), []string{"A", "B"}, ""},
		{"no guid and no link", body("", rss(`<item><title>A</title><description>x</description></item><item><title>A</title><description>y</description></item>`)), []string{"A", "A"}, ""},
		{"no date", body("", rss(`<item><title>A</title><link>/1</link><description>x</description></item>`)), []string{"A"}, ""},
		{"a date that is none", body("", rss(`<item><title>A</title><link>/1</link><description>x</description><pubDate>soon</pubDate></item>`)), []string{"A"}, ""},
		{"date in the future", body("", rss(`<item><title>A</title><link>/1</link><description>x</description><pubDate>Tue, 04 Mar 2125 09:30:00 GMT</pubDate></item>`)), []string{"A"}, ""},
		{"HTML in CDATA", body("", rss(`<item><title><![CDATA[A &amp; <b>B</b>]]></title><link>/1</link><description><![CDATA[<p>x <b>y</b></p><p>z</p><script>alert(1)</script>]]></description></item>`)), []string{"A & B"}, ""},
	}
	// What each failure is in a word, where that is not "form".
	words := map[string]string{
		"slow": "slow", "cut in its headers": "network", "body truncated": "cut", "gzip truncated": "cut", "redirect loop": "redirects",
		"redirect to a file": "network", "redirect to a private address": "private", "redirect to another port of loopback": "private",
		"gzip bomb": "too-big", "endless": "too-big", "429": "http-429", "503": "http-503", "404": "http-404", "410": "http-410",
	}
	if len(tests) < 20 {
		t.Fatal("want twenty ways at least")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.handle("/feed", test.h)
			s.text("/moved", "", rss(oneItem))
			s.text("/good", "", rss(strings.NewReplacer("Bridge", "Ferry", "/a/1", "/b/1").Replace(oneItem)))
			state := openState(t, filepath.Join(t.TempDir(), "s.db"))
			c := quick(state, s.URL+"/feed", s.URL+"/good")
			c.MaxFeed = 1 << 20
			if test.name == "slow" {
				c.Timeout = 500 * time.Millisecond
			}
			c.PerHost = 8
			var mu sync.Mutex
			word := ""
			c.Notify = func(r Result) {
				mu.Lock()
				defer mu.Unlock()
				if strings.HasSuffix(r.URL, "/feed") {
					word = r.Reason()
				}
			}
			got, dead, sum := run(t, c)
			c.Notify = nil
			if want := words[test.name]; word != want && (want != "" || test.err == "" || word != "form") {
				t.Errorf("in a word it is %q, want %q", word, want)
			}
			var titles []string
			good := 0
			for _, a := range got {
				if a.Title == "Ferry opens" {
					good++
					continue
				}
				titles = append(titles, a.Title)
				if strings.Contains(a.Body, "root:") || strings.Contains(a.Body, "<") || strings.Contains(a.Body, "alert") {
					t.Errorf("text %q", a.Body)
				}
				if a.Published.After(time.Now().Add(48 * time.Hour)) {
					t.Errorf("published %v", a.Published)
				}
			}
			// 429 and 503 ask for the host to be left alone, which the good feed is on, too.
			if good != 1 && test.name != "429" {
				t.Errorf("the feed beside it gave %d articles", good)
			}
			if fmt.Sprint(titles) != fmt.Sprint(test.titles) || len(dead) > 0 {
				t.Errorf("titles %q, dead %v, want %q", titles, dead, test.titles)
			}
			reason := sum.Failed[s.URL+"/feed"]
			if !strings.Contains(reason, test.err) || (reason != "") != (test.err != "") {
				t.Errorf("reason %q, want %q in it", reason, test.err)
			}
			ids := map[string]bool{}
			for _, a := range got {
				if ids[a.ID] {
					t.Errorf("two articles have the ID %s: %s", a.ID, a.Title)
				}
				ids[a.ID] = true
			}
			if s.count("/feed") == 0 {
				t.Error("it was not asked")
			}
			if test.err == "" || test.name == "429" {
				return
			}
			// Nothing is lost: when the server is well again, all comes.
			s.text("/feed", "", rss(oneItem))
			if got, _, _ := run(t, c); len(got) != 1 || got[0].Title != "Bridge opens" {
				t.Errorf("once it is well there came %+v", got)
			}
		})
	}
}

func body2(code int, name, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if name != "" {
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
	}
}

func laughs() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY lol0 "lol">`)
	for i := 1; i <= 9; i++ {
		fmt.Fprintf(&b, `<!ENTITY lol%d "%s">`, i, strings.Repeat(fmt.Sprintf("&lol%d;", i-1), 10))
	}
	return b.String() + `]><rss version="2.0"><channel><item><title>&lol9;</title><link>/1</link><description>x</description></item></channel></rss>`
}

// TestSecondPoll: what is unchanged sends nothing, a revision does, and validators are used.
func TestSecondPoll(t *testing.T) {
	s := newServer(t)
	content, unchanged := rss(oneItem), 0
	s.handle("/feed", func(w http.ResponseWriter, r *http.Request) {
		etag := fmt.Sprintf(`"%d"`, len(content))
		if r.Header.Get("If-None-Match") == etag {
			unchanged++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", etag)
		_, _ = io.WriteString(w, content)
	})
	path := filepath.Join(t.TempDir(), "s.db")
	poll := func() []*extractor.Article {
		state := openState(t, path)
		defer func() { _ = state.Close() }()
		got, _, _ := run(t, quick(state, s.URL+"/feed"))
		return got
	}
	first := poll()
	if len(first) != 1 || len(poll()) != 0 || unchanged != 1 {
		t.Fatalf("first %d articles; %d answers were 304", len(first), unchanged)
	}
	content = rss(strings.Replace(oneItem, "09:30", "10:30", 1) + strings.ReplaceAll(oneItem, "1", "2"))
	got := poll()
	if len(got) != 2 || got[0].ID != first[0].ID || !got[0].Published.After(first[0].Published) {
		t.Errorf("after a revision and a new item: %+v", got)
	}
}

// TestUncommitted: a restart sends again what was not committed, though the feed says 304 now.
func TestUncommitted(t *testing.T) {
	s := newServer(t)
	s.handle("/feed", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"x"`)
		_, _ = io.WriteString(w, rss(oneItem))
	})
	state := openState(t, filepath.Join(t.TempDir(), "s.db"))
	src, err := Open(quick(state, s.URL+"/feed"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := src.Read(t.Context()); err != nil || len(b.Messages) != 1 {
		t.Fatal(b, err)
	}
	_ = src.Close()
	if got, _, _ := run(t, quick(state, s.URL+"/feed")); len(got) != 1 {
		t.Errorf("%d articles came again, want 1", len(got))
	}
	if got, _, _ := run(t, quick(state, s.URL+"/feed")); len(got) != 0 {
		t.Errorf("%d articles came a third time", len(got))
	}
}

// contract maps the articles of a feed back to the suite's values.
type contract struct {
	*Source
	values map[string][]byte
}

func (c contract) Read(ctx context.Context) (*pipeline.Batch, error) {
	b, err := c.Source.Read(ctx)
	if err != nil {
		return nil, err
	}
	for i, m := range b.Messages {
		a, _, err := pipeline.Decode(m)
		if err != nil {
			return nil, err
		}
		b.Messages[i].Value = c.values[a.Title]
	}
	return b, nil
}

func TestContract(t *testing.T) {
	pipelinetest.TestSource(t, pipelinetest.SourceTest{
		Resumes: true,
		Put: func(t *testing.T, values [][]byte) func(t *testing.T) pipeline.Source {
			s := newServer(t)
			var items strings.Builder
			byTitle := map[string][]byte{}
			for i, v := range values {
				title := fmt.Sprintf("Title %d", i)
				byTitle[title] = v
				fmt.Fprintf(&items, "<item><title>%s</title><link>/%d</link><description>x</description></item>", title, i)
			}
			s.text("/feed", "", rss(items.String()))
			path := filepath.Join(t.TempDir(), "s.db")
			var state *State
			return func(t *testing.T) pipeline.Source {
				if state != nil {
					_ = state.Close()
				}
				state = openState(t, path)
				src, err := Open(quick(state, s.URL+"/feed"))
				if err != nil {
					t.Fatal(err)
				}
				return contract{src, byTitle}
			}
		},
	})
}
