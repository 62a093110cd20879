package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
