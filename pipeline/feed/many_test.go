package feed

import (
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestManyFeeds: 500 feeds of 20 whole articles are polled within a minute and 300 MB, the server of
// this test included, and a second poll sends nothing.
func TestManyFeeds(t *testing.T) {
	feeds, items := 500, 20
	if testing.Short() {
		feeds = 50
	}
	text := strings.Repeat("The harbour bridge at Port Ada opened again on Tuesday, a week after the storm, the council said. ", 30)
	var asked, unchanged atomic.Int32
	s := newServer(t)
	c := quick(openState(t, filepath.Join(t.TempDir(), "s.db")))
	c.IgnoreRobots, c.PerHost, c.Pages = true, 64, PagesAuto
	for i := range feeds {
		path := "/feed/" + strconv.Itoa(i)
		etag := i%2 == 0 // of the other half the items are compared
		s.handle(path, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if etag && r.Header.Get("If-None-Match") == `"1"` {
				unchanged.Add(1)
				w.WriteHeader(http.StatusNotModified)
				return
			}
			if etag {
				w.Header().Set("ETag", `"1"`)
			}
			_, _ = fmt.Fprintf(w, `<rss version="2.0"><channel><title>Feed %d</title>`, i)
			for n := range items {
				_, _ = fmt.Fprintf(w, `<item><title>Title %d of %d</title><link>/a/%d/%d</link><pubDate>Tue, 04 Mar 2025 09:30:00 +0200</pubDate><description>%s</description></item>`, n, i, i, n, text)
			}
			_, _ = w.Write([]byte("</channel></rss>"))
		})
		c.Feeds = append(c.Feeds, Feed{URL: s.URL + path, Trusted: true})
	}
	debug.FreeOSMemory() // what the tests before have left is not counted
	peak, stop := peakMemory()
	started := time.Now()
	got, dead, sum := runCounting(t, c)
	took := time.Since(started)
	stop()
	if got != feeds*items || dead != 0 || len(sum.Failed) > 0 || sum.New != feeds {
		t.Fatalf("%d articles, %d dead, %+v", got, dead, sum)
	}
	t.Logf("%d feeds of %d items in %.1f s, at most %d MB", feeds, items, took.Seconds(), peak.Load()>>20)
	if took > time.Minute || peak.Load() > 300<<20 {
		t.Errorf("it took %s and %d MB", took, peak.Load()>>20)
	}
	got, _, sum = runCounting(t, c)
	if got != 0 || sum.Unchanged != feeds || int(asked.Load()) != 2*feeds || int(unchanged.Load()) != feeds/2 {
		t.Errorf("the second poll sent %d articles; %+v; asked %d times, %d answers were 304", got, sum, asked.Load(), unchanged.Load())
	}
}

// peakMemory watches what the process has from the system.
func peakMemory() (peak *atomic.Uint64, stop func()) {
	peak = &atomic.Uint64{}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.Sys-m.HeapReleased))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return peak, func() { close(done); <-ended }
}

// runCounting polls once, commits all, and keeps no article.
func runCounting(t *testing.T, c Config) (articles, dead int, sum Summary) {
	t.Helper()
	src, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	for {
		b, err := src.Read(t.Context())
		if err != nil {
			return articles, dead, src.Summary()
		}
		for _, m := range b.Messages {
			if m.Err != nil {
				dead++
			} else {
				articles++
			}
		}
		if err := src.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}
