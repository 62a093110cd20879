package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRunFeed: from a feed to searchable people and quotes in one command, and no article twice.
func TestRunFeed(t *testing.T) {
	inFolder(t)
	const items = `<rss version="2.0"><channel><title>Ada Post</title><language>en</language>
<item><title>Bridge opens in Bergen</title><link>/a/1</link><pubDate>Tue, 04 Mar 2025 09:30:00 +0000</pubDate><description>“The bridge is safe and open to all,” said Maria Hansen, the mayor of Bergen, on Tuesday.</description></item></channel></rss>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, items)
	}))
	defer server.Close()
	first := dateline(t, nil, "", "run", "--feed", server.URL+"/feed", "--feed-delay", "0s")
	if first.code != exitDone || !strings.Contains(first.out, "Maria Hansen") {
		t.Fatalf("run: code %d\n%s\n%s", first.code, first.out, first.err)
	}
	found := dateline(t, nil, "", "search", "--speaker", "Maria Hansen")
	if found.code != exitDone || !strings.Contains(found.out, "The bridge is safe and open to all") {
		t.Errorf("search: code %d\n%s\n%s", found.code, found.out, found.err)
	}
	again := dateline(t, nil, "", "run", "--feed", server.URL+"/feed", "--feed-delay", "0s")
	if again.code != exitDone || !strings.Contains(again.err, "1 unchanged") {
		t.Errorf("again: code %d\n%s", again.code, again.err)
	}
	gone := dateline(t, nil, "", "run", "--feed", server.URL+"/none", "--feed-delay", "0s")
	if gone.code != exitFailed || !strings.Contains(gone.err, "404") {
		t.Errorf("a feed that is not there: code %d\n%s", gone.code, gone.err)
	}
}

// TestFeedsList: the list is made, shown, checked and changed from the command line.
func TestFeedsList(t *testing.T) {
	inFolder(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `<rss version="2.0"><channel><title>Ada Post</title><item><title>Bridge</title><link>/a/1</link><pubDate>Tue, 04 Mar 2025 09:30:00 +0000</pubDate><description>Open.</description></item></channel></rss>`)
	}))
	defer server.Close()
	expect := func(r result, code int, out, err string) {
		t.Helper()
		if r.code != code || !strings.Contains(r.out, out) || !strings.Contains(r.err, err) {
			t.Errorf("code %d, want %d; out %q wants %q; err %q wants %q", r.code, code, r.out, out, r.err, err)
		}
	}
	expect(dateline(t, nil, "", "feeds", "list"), exitFailed, "", "dateline feeds add")
	expect(dateline(t, nil, "", "feeds", "add", server.URL+"/feed", "--every", "5m"), exitDone, "", "1 feed added to feeds.opml, 0 there already")
	expect(dateline(t, nil, "", "feeds", "add", server.URL+"/feed", server.URL+"/none"), exitDone, "", "1 feed added to feeds.opml, 1 there already")
	expect(dateline(t, nil, "", "feeds", "add", "ftp://ada.example/"), exitFailed, "", "want one that begins with https://")
	expect(dateline(t, nil, "", "feeds", "add", "ada.example"), exitUsage, "", "neither an address")
	expect(dateline(t, nil, "", "feeds", "list"), exitDone, server.URL+"/feed\n    every 5m0s; not polled yet\n", "")
	expect(dateline(t, nil, "", "feeds", "list", "--format", "opml"), exitDone, `xmlUrl="`+server.URL+`/none"`, "")
	expect(dateline(t, nil, "", "feeds", "check", server.URL+"/feed"), exitDone, "rss 2.0 “Ada Post”: 1 item, 0 with whole text, newest 2025-03-04 09:30", "1 feed checked, 0 failed")
	// Nobody typed what a list names, so private addresses must be allowed.
	expect(dateline(t, nil, "", "feeds", "check"), exitFailed, "the address is private", "2 feeds checked, 2 failed")
	expect(dateline(t, nil, "", "feeds", "check", "--feed-allow-private", "--feed-delay", "0s"), exitFailed, "404", "2 feeds checked, 1 failed")
	expect(dateline(t, nil, "", "run", "--opml", "feeds.opml", "--feed-allow-private", "--feed-delay", "0s", "--feed-pages", "never"), exitDone, "1 article", "1 failed")
	expect(dateline(t, nil, "", "feeds", "list"), exitDone, "Ada Post; every 5m0s; rss 2.0, polled at ", "")
	expect(dateline(t, nil, "", "feeds", "list"), exitDone, "failed at ", "")
	expect(dateline(t, nil, "", "feeds", "add", "feeds.opml", "--opml", "copy.txt"), exitDone, "", "2 feeds added to copy.txt")
	expect(dateline(t, nil, "", "feeds", "remove", server.URL+"/none", server.URL+"/never"), exitFailed, "", "not in feeds.opml: "+server.URL+"/never")
	if r := dateline(t, nil, "", "feeds", "list"); strings.Contains(r.out, "/none") {
		t.Errorf("it is there still: %s", r.out)
	}
	expect(dateline(t, []string{"DATELINE_OPML=copy.txt"}, "", "feeds", "list"), exitDone, server.URL+"/none", "")
	expect(dateline(t, nil, "", "feeds"), exitUsage, "", "expected one of")
}

// TestDryRun prints what would be sent, needs no Kafka, and remembers nothing.
func TestDryRun(t *testing.T) {
	inFolder(t)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed" {
			http.NotFound(w, r)
			return
		}
		asked++
		w.Header().Set("ETag", `"1"`)
		_, _ = io.WriteString(w, `<rss version="2.0"><channel><title>Ada Post</title><item><title>Bridge</title><link>/a/1</link><description>Open &amp; free.</description></item></channel></rss>`)
	}))
	defer server.Close()
	for range 2 {
		r := dateline(t, nil, "", "ingest", "--dry-run", "--feed", server.URL+"/feed", "--feed-delay", "0s")
		if r.code != exitDone || strings.Count(r.out, "\n") != 1 || !strings.Contains(r.err, "1 article would be sent") {
			t.Fatalf("code %d\n%s\n%s", r.code, r.out, r.err)
		}
		for _, want := range []string{`"id":"`, `"title":"Bridge"`, `"text":"Open & free."`, `"source":"Ada Post"`} {
			if !strings.Contains(r.out, want) {
				t.Errorf("no %s in %s", want, r.out)
			}
		}
	}
	if _, err := os.Stat("feeds.db"); err == nil || asked != 2 {
		t.Errorf("a trial left its state (%v), or did not ask (%d times)", err, asked)
	}
	write(t, "bad.json", `{"text":`)
	write(t, "good.txt", "The bridge is open.")
	r := dateline(t, nil, "", "ingest", "--dry-run", "bad.json", "good.txt")
	if r.code != exitDead || !strings.Contains(r.out, `{"id":"good","text":"The bridge is open."}`) || !strings.Contains(r.err, "bad.json") || strings.Contains(r.err, "kept in") || !strings.Contains(r.err, "1 dead letter there would be") {
		t.Errorf("files: code %d\n%s\n%s", r.code, r.out, r.err)
	}
	for _, args := range [][]string{{"--every", "5m"}, {"--every", "-5m", "--feed", "https://a.example/"}, {"--feed", "https://a.example/", "good.txt"}, {"--feed", "nonsense", "--dry-run"}} {
		if r := dateline(t, []string{"DATELINE_KAFKA=127.0.0.1:1"}, "", append([]string{"ingest"}, args...)...); r.code != exitUsage {
			t.Errorf("ingest %v: code %d, %s", args, r.code, r.err)
		}
	}
}

// TestForms: articles in the trade's forms, and of a saved crawl.
func TestForms(t *testing.T) {
	inFolder(t)
	page := `<html><body><article><p>The harbour bridge at Bergen opened again on Tuesday, a week after the storm.</p></article></body></html>`
	answer := "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
	write(t, "crawl.warc", fmt.Sprintf("WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: https://ada.example/warc\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", len(answer), answer))
	write(t, "item.json", `{"uri":"urn:ninjs","pubstatus":"usable","headlines":[{"value":"Bridge"}],"bodies":[{"contentType":"text/plain","value":"Maria Hansen opened the bridge at Bergen."}]}`)
	write(t, "page.jsonld", `{"@context":"https://schema.org","@type":"NewsArticle","url":"https://ada.example/ld","headline":"Bridge","articleBody":"Maria Hansen opened the bridge at Bergen."}`)
	r := dateline(t, nil, "", "extract", "--format", "jsonl", "crawl.warc", "item.json", "page.jsonld")
	if r.code != exitDone || strings.Count(r.out, "Bergen") < 3 {
		t.Fatalf("code %d\n%s\n%s", r.code, r.out, r.err)
	}
	for _, want := range []string{`"url":"https://ada.example/warc"`, `"id":"urn:ninjs"`, `"url":"https://ada.example/ld"`} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %s in %s", want, r.out)
		}
	}
	if r := dateline(t, nil, "", "extract", "--input", "warc", "item.json"); r.code != exitDone {
		t.Errorf("a form for standard input, with a file: code %d", r.code)
	}
}

// TestRunEvery: feeds are followed into the index until the program is stopped.
func TestRunEvery(t *testing.T) {
	inFolder(t)
	polls := make(chan int, 100)
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed" {
			http.NotFound(w, r)
			return
		}
		n++
		_, _ = fmt.Fprintf(w, `<rss version="2.0"><channel><title>Ada Post</title><item><title>Bridge %d</title><link>/a/%d</link><description>“Bridge %d is open,” said Maria Hansen.</description></item></channel></rss>`, n, n, n)
		polls <- n
	}))
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	cmd, err := Parse([]string{"run", "--feed", server.URL + "/feed", "--feed-delay", "0s", "--every", "20ms", "--feed-pages", "never", "--log-format", "text"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var errs lockedBuffer // the log and the program write to it, as to a terminal
	code := make(chan int)
	go func() { code <- cmd.Run(ctx, strings.NewReader(""), &out, &errs) }()
	for range 4 {
		select {
		case <-polls:
		case <-time.After(time.Minute):
			t.Fatal("no polls")
		}
	}
	stop()
	if c := <-code; c != exitDone || !strings.Contains(out.String(), "Maria Hansen") || !strings.Contains(errs.String(), "polls of feeds") {
		t.Errorf("code %d\n%s\n%s", c, out.String(), errs.String())
	}
	if r := dateline(t, nil, "", "search", "--speaker", "Hansen"); !strings.Contains(r.out, "Bridge 1 is open") || !strings.Contains(r.out, "Bridge 2 is open") {
		t.Errorf("%s%s", r.out, r.err)
	}
}

// lockedBuffer is a buffer that several goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
