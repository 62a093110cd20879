package feed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

// What is nested a million deep is refused, and soon: a stack that overflows would end the process with
// all its feeds.
func TestDeepFeeds(t *testing.T) {
	const size = 10 << 20 // the most of a feed that is read
	deep := func(start, open string) string { return start + strings.Repeat(open, (size-len(start))/len(open)) }
	const rss, atom = `<rss version="2.0" xmlns:m="http://search.yahoo.com/mrss/"><channel><item>`, `<feed xmlns="http://www.w3.org/2005/Atom"><entry>`
	for name, body := range map[string]string{
		"RSS, an unknown element":   deep(rss, "<a>"),
		"RSS, an extension":         deep(rss, "<m:a>"),
		"RSS, in a description":     deep(rss+"<description>", "<b>"),
		"Atom, an unknown element":  deep(atom, "<a>"),
		"Atom, XHTML":               deep(atom+`<content type="xhtml">`, "<p>"),
		"RDF":                       deep(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><item>`, "<a>"),
		"sitemap":                   deep("<urlset>", "<a>"),
		"sitemap, in its own":       deep("<urlset>", "<url>"),
		"sitemap index":             deep("<sitemapindex>", "<sitemap>"),
		"JSON Feed":                 deep(`{"version":"https://jsonfeed.org/version/1.1","x":`, "["),
		"JSON Feed, a known field":  deep(`{"version":"https://jsonfeed.org/version/1.1","items":`, `[{"id":`),
		"JSON Feed, behind a space": deep(` {"version":"https://jsonfeed.org/version/1.1","x":`, `{"a":`),
	} {
		t.Run(name, func(t *testing.T) {
			d, err := parse(&answer{body: []byte(body), url: "https://ada.example/feed"})
			if err == nil {
				t.Errorf("it is read as %q with %d items", d.kind, len(d.items))
			} else if !strings.HasPrefix(name, "JSON") && (!errors.Is(err, ErrTooDeep) || !strings.Contains(err.Error(), "more than 5000 deep at byte")) {
				t.Errorf("%.200v", err)
			}
		})
	}
	// Unclosed tags of HTML are not that many.
	d, err := parse(&answer{body: []byte(`<rss version="2.0"><channel><item><title>Bridge opens</title><link>https://ada.example/1</link><description>` +
		strings.Repeat("x<br>", 2000) + strings.Repeat("</br>", 2000) + `</description></item></channel></rss>` + strings.Repeat("<!-- -->", 5000)), url: "https://ada.example/feed"})
	if err != nil || len(d.items) != 1 || d.items[0].title != "Bridge opens" {
		t.Errorf("with 2000 line breaks: %v", err)
	}
}

// A small answer that unpacks to a huge one is given up at the limit, however it is packed.
func TestPackedBombs(t *testing.T) {
	const huge, limit = 256 << 20, 1 << 20
	pack := func(b []byte, n int, to func(io.Writer) io.WriteCloser) []byte {
		var out bytes.Buffer
		w := to(&out)
		for range n {
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	gz := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	br := func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 1) }
	block := make([]byte, 1<<20)
	once := pack(block, huge/len(block), gz)
	tests := map[string]struct {
		encoding string
		body     []byte
		want     string
	}{
		"gzip":               {"gzip", once, "over 1048576 bytes"},
		"brotli":             {"br", pack(block, huge/len(block), br), "over 1048576 bytes"},
		"gzip in gzip":       {"gzip, gzip", pack(once, 1, gz), "over 1048576 bytes"},
		"without a word":     {"", once, "over 1048576 bytes"},
		"a .gz, packed":      {"gzip", pack(once, 1, gz), "over 1048576 bytes"},
		"thousands of times": {strings.Repeat("br,", 10_000) + "br", []byte("x"), "10001 times over"},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b, err := readBody(&http.Response{Header: http.Header{"Content-Encoding": {c.encoding}}, Body: io.NopCloser(bytes.NewReader(c.body))}, limit)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrTooBig) || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("%d bytes and %v, want an error with %q", len(b), err, c.want)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
				t.Errorf("%d MB were taken", took>>20)
			}
		})
	}
}
