package feed

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func stateFile(t *testing.T) string { return filepath.Join(t.TempDir(), "s.db") }

// TestUnknownAuthority: a certificate that nobody vouches for is refused, with what to do, and nothing
// is lost once it is trusted.
func TestUnknownAuthority(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, rss(oneItem)) }))
	defer s.Close()
	state := openState(t, stateFile(t))
	c := quick(state, s.URL+"/feed")
	c.IgnoreRobots = true
	got, _, sum := run(t, c)
	if reason := sum.Failed[s.URL+"/feed"]; len(got) != 0 || !strings.Contains(reason, "no authority that is trusted") {
		t.Errorf("%d articles, reason %q", len(got), reason)
	}
	c.RootCAs = x509.NewCertPool()
	c.RootCAs.AddCert(s.Certificate())
	if got, _, _ := run(t, c); len(got) != 1 {
		t.Errorf("%d articles from one that is trusted", len(got))
	}
}

// TestRetryAfter: a server that wants to be left alone is left alone, also after a restart.
func TestRetryAfter(t *testing.T) {
	for name, header := range map[string]string{"seconds": "120", "date": "Tue, 04 Mar 2025 09:02:00 GMT"} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.handle("/feed", body2(http.StatusTooManyRequests, "Retry-After", header))
			now := time.Date(2025, 3, 4, 9, 0, 0, 0, time.UTC)
			path := stateFile(t)
			poll := func() Summary {
				state := openState(t, path)
				defer func() { _ = state.Close() }()
				c := quick(state, s.URL+"/feed")
				c.IgnoreRobots, c.Now = true, func() time.Time { return now }
				_, _, sum := run(t, c)
				return sum
			}
			poll()
			now = now.Add(119 * time.Second)
			sum := poll()
			if n := s.count("/feed"); n != 1 || !strings.Contains(sum.Failed[s.URL+"/feed"], "left alone until 2025-03-04T09:02:00Z") {
				t.Errorf("asked %d times; %v", n, sum.Failed)
			}
			now = now.Add(2 * time.Second)
			s.text("/feed", "", rss(oneItem))
			if sum := poll(); s.count("/feed") != 2 || sum.Sent != 1 {
				t.Errorf("after the wait: asked %d times, %+v", s.count("/feed"), sum)
			}
		})
	}
}

// TestRobots: what robots.txt forbids is not fetched, and while it can't be had nothing is.
func TestRobots(t *testing.T) {
	const feed = `<item><title>A</title><link>/private/1</link><description>Summary of A.</description></item><item><title>B</title><link>/b</link><description>Summary of B.</description></item>`
	page := "<html><body><article>" + "<p>The harbour bridge at Port Ada opened again on Tuesday, a week after the storm.</p>" + "</article></body></html>"
	s := newServer(t)
	s.text("/feed", "", rss(feed))
	s.text("/private/1", "text/html", page)
	s.text("/b", "text/html", page)
	s.text("/robots.txt", "text/plain", "User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /private/\nDisallow: /closed\n")
	c := quick(openState(t, stateFile(t)), s.URL+"/feed", s.URL+"/closed")
	c.Pages = PagesAuto
	got, _, sum := run(t, c)
	if len(got) != 2 || s.count("/private/1") != 0 || s.count("/b") != 1 || s.count("/closed") != 0 {
		t.Fatalf("%d articles; asked: %v", len(got), s.asked)
	}
	for _, a := range got {
		want := "The harbour bridge at Port Ada opened again on Tuesday, a week after the storm."
		if a.Title == "A" { // what the feed has is all that may be had
			want = "Summary of A."
		}
		if a.Body != want {
			t.Errorf("%s: %q", a.Title, a.Body)
		}
	}
	if !strings.Contains(sum.Failed[s.URL+"/closed"], "robots.txt forbids") {
		t.Errorf("failed: %v", sum.Failed)
	}
	if s.count("/robots.txt") != 1 {
		t.Errorf("robots.txt was fetched %d times", s.count("/robots.txt"))
	}

	down := newServer(t)
	down.text("/feed", "", rss(oneItem))
	down.handle("/robots.txt", body2(http.StatusInternalServerError, "", ""))
	if _, _, sum := run(t, quick(openState(t, stateFile(t)), down.URL+"/feed")); down.count("/feed") != 0 || !strings.Contains(sum.Failed[down.URL+"/feed"], "robots.txt") {
		t.Errorf("with a robots.txt that fails: asked %d times, %v", down.count("/feed"), sum.Failed)
	}
	down.handle("/robots.txt", body2(http.StatusForbidden, "", ""))
	if got, _, _ := run(t, quick(openState(t, stateFile(t)), down.URL+"/feed")); len(got) != 1 {
		t.Errorf("with a robots.txt that is refused: %d articles", len(got))
	}
}

// TestPages: an item's page gives the article, a page that fails for now is tried again at later
// polls, and in the end the feed's own text must do.
func TestPages(t *testing.T) {
	s := newServer(t)
	s.text("/feed", "", rss(oneItem))
	s.handle("/a/1", body2(http.StatusBadGateway, "", ""))
	state := openState(t, stateFile(t))
	c := quick(state, s.URL+"/feed")
	c.Pages = PagesAuto
	for i := range maxTries - 1 {
		if got, dead, sum := run(t, c); len(got)+len(dead) != 0 || sum.PutOff != 1 {
			t.Fatalf("poll %d: %d articles, %+v", i, len(got), sum)
		}
	}
	got, dead, _ := run(t, c)
	if len(got) != 1 || len(dead) != 0 || got[0].Body != "The bridge is open." {
		t.Fatalf("at the last try: %+v, %v", got, dead)
	}

	// One whose page is well again before that comes whole.
	s.text("/feed", "", rss(strings.ReplaceAll(oneItem, "1<", "2<")))
	s.handle("/a/2", body2(http.StatusBadGateway, "", ""))
	if got, _, sum := run(t, c); len(got) != 0 || sum.PutOff != 1 {
		t.Fatalf("%+v, %+v", got, sum)
	}
	s.text("/a/2", "text/html; charset=windows-1252", `<html lang=en><head><link rel="canonical" href="/a/2"><meta property="og:title" content="Bridge opens"></head><body><article>
		<p>By Mira Stone</p><p>The caf`+"\xe9"+` at the harbour bridge of Port Ada opened again on Tuesday, a week after the storm.</p></article></body></html>`)
	got, _, _ = run(t, c)
	if len(got) != 1 || got[0].Body != "The café at the harbour bridge of Port Ada opened again on Tuesday, a week after the storm." || got[0].URL != s.URL+"/a/2" {
		t.Errorf("%+v", got)
	}

	// An item that has nothing but a page which is gone is a dead letter.
	s.text("/feed", "", rss(`<item><title>C</title><link>/a/3</link></item>`))
	got, dead, _ = run(t, c)
	if len(got) != 0 || len(dead) != 1 || !strings.Contains(dead[0].Error(), "404") {
		t.Errorf("%+v, %v", got, dead)
	}
}

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "0.0.0.0": false,
		"100.64.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "fe80::1%eth0": false,
		"fd00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:93.184.216.34": true, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
		"::127.0.0.1": false, "2001:db8::1": false,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: public %t, want %t", addr, got, want)
		}
	}
}

// TestRebinding: the check is made of the address that is dialled, whatever the name said before.
func TestRebinding(t *testing.T) {
	s := newServer(t)
	host := strings.TrimPrefix(s.URL, "http://")
	d := dialer(false)
	if _, err := d.DialContext(t.Context(), "tcp", host); !errors.Is(err, ErrPrivate) {
		t.Errorf("an address of loopback: %v", err)
	}
	_, port, _ := strings.Cut(host, ":")
	if conn, err := d.DialContext(t.Context(), "tcp", "localhost:"+port); !errors.Is(err, ErrPrivate) { // a name that resolves to it
		t.Errorf("a name: %v, %v", conn, err)
	}
	conn, err := d.DialContext(withTrust(t.Context(), host), "tcp", host)
	if err != nil {
		t.Fatalf("one that is trusted: %v", err)
	}
	_ = conn.Close()
	if _, err := d.DialContext(withTrust(t.Context(), "127.0.0.1:1"), "tcp", host); !errors.Is(err, ErrPrivate) {
		t.Errorf("another port: %v", err)
	}
	// A feed on a list, which nobody typed, can't lead there either; nor can the pages of one that was.
	c := quick(openState(t, stateFile(t)), s.URL+"/feed")
	c.Feeds[0].Trusted = false
	if _, _, sum := run(t, c); !strings.Contains(sum.Failed[s.URL+"/feed"], "private") || s.count("/feed") != 0 {
		t.Errorf("asked %d times; %v", s.count("/feed"), sum.Failed)
	}
}

// TestPerHost: no more requests at a time, and no closer together, than the configuration says.
func TestPerHost(t *testing.T) {
	var now, most atomic.Int32
	var last atomic.Int64
	var close atomic.Int32
	s := newServer(t)
	c := quick(openState(t, stateFile(t)))
	const delay = 20 * time.Millisecond
	for i := range 12 {
		path := fmt.Sprintf("/feed/%d", i)
		s.handle(path, func(w http.ResponseWriter, _ *http.Request) {
			if at := time.Now().UnixNano(); at-last.Swap(at) < int64(delay/2) {
				close.Add(1)
			}
			n := now.Add(1)
			defer now.Add(-1)
			for old := most.Load(); n > old; old = most.Load() {
				if most.CompareAndSwap(old, n) {
					break
				}
			}
			time.Sleep(3 * delay)
			_, _ = io.WriteString(w, rss(oneItem))
		})
		c.Feeds = append(c.Feeds, Feed{URL: s.URL + path, Trusted: true})
	}
	c.PerHost, c.HostDelay, c.IgnoreRobots = 2, delay, true
	if _, _, sum := run(t, c); len(sum.Failed) > 0 {
		t.Fatal(sum.Failed)
	}
	if most.Load() > 2 || close.Load() > 2 { // a timer may be late, and so the next one close
		t.Errorf("%d requests at a time, %d too close together", most.Load(), close.Load())
	}
}

// TestBackoff: the wait of a feed that fails doubles up to the bound, and ends with a success.
func TestBackoff(t *testing.T) {
	s := newServer(t)
	state := openState(t, stateFile(t))
	now := time.Date(2025, 3, 4, 9, 0, 0, 0, time.UTC)
	c := quick(state, s.URL+"/feed")
	c.IgnoreRobots, c.Interval, c.MaxBackoff, c.Now = true, time.Hour, 4*time.Hour, func() time.Time { return now }
	for i, want := range []time.Duration{1, 2, 4, 4, 4} {
		run(t, c)
		f, _, err := state.Feed(s.URL + "/feed")
		if err != nil || f.Failures != i+1 {
			t.Fatalf("%+v, %v", f, err)
		}
		if wait := f.Next.Sub(now); wait < want*time.Hour*9/10 || wait > want*time.Hour*11/10 {
			t.Errorf("after failure %d: %s, want some %s", i+1, wait, want*time.Hour)
		}
	}
	s.text("/feed", "", rss(oneItem))
	run(t, c)
	if f, _, _ := state.Feed(s.URL + "/feed"); f.Failures != 0 || f.Error != "" || f.Next.Sub(now) > 66*time.Minute {
		t.Errorf("after a success: %+v", f)
	}
}

// TestFollow: feeds are polled again and again, new ones join and removed ones leave.
func TestFollow(t *testing.T) {
	s := newServer(t)
	item := func(n int) string { return strings.ReplaceAll(oneItem, "1<", fmt.Sprintf("%d<", n)) }
	s.text("/a", "", rss(item(1)))
	s.text("/b", "", rss(item(2)))
	c := quick(openState(t, stateFile(t)), s.URL+"/a")
	c.Follow, c.Interval = true, 20*time.Millisecond
	src, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	next := func() string {
		t.Helper()
		b, err := src.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Commit(ctx, b); err != nil {
			t.Fatal(err)
		}
		if len(b.Messages) != 1 {
			t.Fatalf("%d messages", len(b.Messages))
		}
		return string(b.Messages[0].Value)
	}
	if err := src.Update(c.Feeds); err == nil {
		t.Error("a source that isn't read yet was updated")
	}
	if got := next(); !strings.Contains(got, "/a/1") {
		t.Fatal(got)
	}
	s.text("/a", "", rss(item(1)+item(3)))
	if got := next(); !strings.Contains(got, "/a/3") {
		t.Fatal(got)
	}
	if err := src.Update([]Feed{{URL: s.URL + "/b", Trusted: true}}); err != nil {
		t.Fatal(err)
	}
	if got := next(); !strings.Contains(got, "/a/2") || src.Feeds() != 1 {
		t.Fatal(got)
	}
	asked := s.count("/a")
	s.text("/a", "", rss(item(4)))
	s.text("/b", "", rss(item(5)))
	if got := next(); !strings.Contains(got, "/a/5") {
		t.Fatal(got)
	}
	if n := s.count("/a"); n > asked+1 { // one may have been on its way
		t.Errorf("the feed that left was asked %d times more", n-asked)
	}
	if err := src.Update([]Feed{{URL: "nonsense"}}); err == nil {
		t.Error("an update to nonsense was taken")
	}
}

// TestShorterInterval: what an earlier run said of the next poll does not hold where polls are to be more frequent.
func TestShorterInterval(t *testing.T) {
	s := newServer(t)
	s.text("/a", "", rss(oneItem))
	c := quick(openState(t, stateFile(t)), s.URL+"/a")
	c.Interval = time.Hour
	if got, _, sum := run(t, c); len(got) != 1 || sum.Polled != 1 {
		t.Fatalf("%d articles, %+v", len(got), sum)
	}
	s.text("/a", "", rss(oneItem+strings.ReplaceAll(oneItem, "1<", "2<")))
	c.Follow, c.Interval = true, 20*time.Millisecond
	src, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	b, err := src.Read(ctx)
	if err != nil || len(b.Messages) != 1 || !strings.Contains(string(b.Messages[0].Value), "/a/2") {
		t.Fatalf("%+v, %v", b, err)
	}
}

// TestCheck: what a feed is like, without a trace.
func TestCheck(t *testing.T) {
	s := newServer(t)
	s.text("/good", "", rss(oneItem+"<item><title>B</title><link>/b</link><description>"+strings.Repeat("The bridge is open. ", 100)+"</description></item>"))
	s.handle("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/good", http.StatusMovedPermanently)
	})
	s.text("/html", "text/html", "<!DOCTYPE html><html></html>")
	got := make(chan Checked, 3)
	c := Config{HostDelay: -1, Timeout: 5 * time.Second}
	for _, p := range []string{"/good", "/moved", "/html"} {
		c.Feeds = append(c.Feeds, Feed{URL: s.URL + p, Trusted: true})
	}
	if err := Check(t.Context(), c, func(r Checked) { got <- r }); err != nil {
		t.Fatal(err)
	}
	close(got)
	for r := range got {
		switch strings.TrimPrefix(r.URL, s.URL) {
		case "/good":
			if r.Err != nil || r.Items != 2 || r.Whole != 1 || r.Dated != 1 || r.Kind != "rss 2.0" || r.Title != "Ada Post" || r.Validators {
				t.Errorf("%+v", r)
			}
		case "/moved":
			if r.Err != nil || r.Moved != s.URL+"/good" {
				t.Errorf("%+v", r)
			}
		case "/html":
			if r.Err == nil {
				t.Errorf("%+v", r)
			}
		}
	}
	c.Feeds = []Feed{{URL: "nonsense"}}
	if err := Check(t.Context(), c, func(Checked) {}); err == nil {
		t.Error("nonsense was checked")
	}
}

// TestHostsAreForgotten: a source that runs for long keeps no host for ever.
func TestHostsAreForgotten(t *testing.T) {
	now := time.Date(2025, 3, 4, 9, 0, 0, 0, time.UTC)
	h := newHosts(Config{Now: func() time.Time { return now }}.withDefaults(), nil)
	address := func(i int) *url.URL { return &url.URL{Scheme: "https", Host: fmt.Sprintf("h%d.example", i)} }
	for i := range maxHosts {
		h.of(address(i))
	}
	now = now.Add(2 * hostAge)
	h.pause(address(1), time.Hour)
	release, err := h.acquire(t.Context(), address(2))
	if err != nil {
		t.Fatal(err)
	}
	busy := h.of(address(2))
	now = now.Add(30 * time.Minute)
	h.of(address(maxHosts))
	if len(h.all) != 3 || h.of(address(2)) != busy {
		t.Errorf("%d hosts are known, want the one that is paused, the busy one and the new one", len(h.all))
	}
	release()
}

// TestSitemaps: a sitemap, a news sitemap, and an index of them.
func TestSitemaps(t *testing.T) {
	const news = `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://www.ada.example/%[1]d</loc>
		<news:news><news:publication><news:name>Ada Post</news:name><news:language>en</news:language></news:publication><news:publication_date>2025-03-04T09:30:00+02:00</news:publication_date><news:title>Bridge %[1]d</news:title></news:news></url></urlset>`
	s := newServer(t)
	s.text("/news.xml", "application/xml", fmt.Sprintf(news, 1))
	s.text("/old.xml", "application/xml", fmt.Sprintf(news, 2))
	s.text("/index.xml", "application/xml", `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>/old.xml</loc><lastmod>2024-01-01</lastmod></sitemap><sitemap><loc>/news.xml</loc><lastmod>2025-03-04</lastmod></sitemap></sitemapindex>`)
	c := quick(openState(t, stateFile(t)), s.URL+"/index.xml")
	src, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	b, err := src.Read(t.Context())
	if err != nil || len(b.Messages) != 2 {
		t.Fatal(b, err)
	}
	for i, want := range []string{`"title":"Bridge 1"`, `"title":"Bridge 2"`} {
		v := string(b.Messages[i].Value)
		if !strings.Contains(v, want) || !strings.Contains(v, `"source":"Ada Post"`) || !strings.Contains(v, `"published":"2025-03-04T09:30:00+02:00"`) {
			t.Errorf("message %d is %s", i, v)
		}
	}
	doc, err := parse(&answer{body: []byte(`<urlset><url><loc>/a</loc><lastmod>2025-03-04</lastmod></url><url><loc>ftp://x/</loc></url><url/></urlset>`), url: "https://ada.example/sitemap.xml"})
	if err != nil || doc.kind != "sitemap" || len(doc.items) != 1 || doc.items[0].link != "https://ada.example/a" {
		t.Errorf("%+v, %v", doc, err)
	}
}

// TestMoved: where a feed has moved to for good is asked from then on, and the old place again when
// the new one fails.
func TestMoved(t *testing.T) {
	s := newServer(t)
	s.handle("/feed", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/new", http.StatusPermanentRedirect)
	})
	s.text("/new", "", rss(oneItem))
	c := quick(openState(t, stateFile(t)), s.URL+"/feed")
	c.IgnoreRobots = true
	var moved []string
	c.Notify = func(r Result) { moved = append(moved, r.Moved) }
	run(t, c)
	run(t, c)
	if s.count("/feed") != 1 || s.count("/new") != 2 || fmt.Sprint(moved) != fmt.Sprint([]string{s.URL + "/new", ""}) {
		t.Errorf("asked %v, moved %q", s.asked, moved)
	}
	s.handle("/new", body2(http.StatusNotFound, "", ""))
	run(t, c)
	s.text("/feed", "", rss(oneItem))
	if _, _, sum := run(t, c); len(sum.Failed) > 0 || s.count("/feed") != 2 {
		t.Errorf("asked %v, %v", s.asked, sum.Failed)
	}
}

// TestFailures: each poll's result says how many have failed, and when one last did not.
func TestFailures(t *testing.T) {
	s := newServer(t)
	c := quick(openState(t, stateFile(t)), s.URL+"/feed")
	c.IgnoreRobots = true
	now := time.Date(2025, 3, 4, 10, 0, 0, 0, time.UTC)
	c.Now = func() time.Time { return now }
	var results []Result
	c.Notify = func(r Result) { results = append(results, r) }
	broken, well := body2(http.StatusNotFound, "", ""), func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, rss(oneItem)) }
	for i, h := range []http.HandlerFunc{broken, well, broken, broken, body2(http.StatusServiceUnavailable, "Retry-After", "3600"), well} {
		now = time.Date(2025, 3, 4, 10, i, 0, 0, time.UTC)
		s.handle("/feed", h)
		run(t, c)
	}
	want := []struct {
		outcome, reason string
		failures        int
	}{{"failed", "http-404", 1}, {"new", "", 0}, {"failed", "http-404", 1}, {"failed", "http-404", 2}, {"failed", "http-503", 3}, {"failed", "left-alone", 3}}
	if len(results) != len(want) {
		t.Fatalf("%d results", len(results))
	}
	for i, r := range results {
		if w := want[i]; r.Outcome() != w.outcome || r.Reason() != w.reason || r.Failures != w.failures || r.Time.Minute() != i {
			t.Errorf("poll %d: %s, %q, %d failures at %s, want %+v", i, r.Outcome(), r.Reason(), r.Failures, r.Time, w)
		}
		if i == 0 && (!r.Succeeded.IsZero() || r.Title != "") || i > 0 && (r.Succeeded.Minute() != 1 || r.Title != "Ada Post") {
			t.Errorf("poll %d: %q succeeded at %s", i, r.Title, r.Succeeded)
		}
	}
	missing := Result{Err: fetchError(t.Context(), &net.DNSError{Name: "gone.example"})}
	if missing.Reason() != "name" {
		t.Errorf("a name that is not there is %q", missing.Reason())
	}
}

// TestGone: a feed that is gone is polled no more.
func TestGone(t *testing.T) {
	s := newServer(t)
	s.handle("/feed", body2(http.StatusGone, "", ""))
	s.text("/other", "", rss(oneItem))
	c := quick(openState(t, stateFile(t)), s.URL+"/feed", s.URL+"/other")
	c.IgnoreRobots, c.Follow, c.Interval, c.MaxBackoff = true, true, time.Millisecond, time.Millisecond
	src, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	if _, err := src.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); src.Summary().Failed[s.URL+"/feed"] == ""; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it was never asked")
		}
	}
	time.Sleep(50 * time.Millisecond)
	if n := s.count("/feed"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
