package files_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/files"
)

const bridge = `<html><head><title>Bridge opens</title></head><body><article><p>The harbour bridge at Port Ada opened again on Tuesday, a week after the storm.</p></article></body></html>`

// record is a WARC record.
func record(kind, url, contentType, block string) string {
	head := fmt.Sprintf("WARC/1.1\r\nWARC-Type: %s\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2025-03-04T09:30:00Z\r\nContent-Type: %s\r\nContent-Length: %d\r\n", kind, contentType, len(block))
	if url != "" {
		head += "WARC-Target-URI: " + url + "\r\n"
	}
	return head + "\r\n" + block + "\r\n\r\n"
}

// response is a record of a server's answer.
func response(url, status, header, body string) string {
	return record("response", url, "application/http; msgtype=response", "HTTP/1.1 "+status+"\r\n"+header+"\r\n"+body)
}

func packed(pack func(io.Writer) io.WriteCloser, s string) string {
	var b bytes.Buffer
	w := pack(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

func gzipped(s string) string {
	return packed(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, s)
}

func crawl(t *testing.T, name, content string) []pipeline.Message {
	t.Helper()
	dir := put(t, map[string]string{name: content})
	return readAll(t, open(t, files.Config{Paths: []string{dir}, MaxBytes: 4096}))
}

// TestWARC: of a crawl its pages are read, and nothing else.
func TestWARC(t *testing.T) {
	const html = "Content-Type: text/html; charset=utf-8\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 40, bridge[:40], len(bridge)-40, bridge[40:])
	records := []string{
		record("warcinfo", "", "application/warc-fields", "software: x\r\n"),
		record("request", "https://ada.example/1", "application/http; msgtype=request", "GET /1 HTTP/1.1\r\nHost: ada.example\r\n\r\n"),
		response("https://ada.example/1", "200 OK", html, bridge),
		response("<https://ada.example/2>", "200 OK", html+"Transfer-Encoding: chunked\r\n", chunked),
		response("https://ada.example/3", "200 OK", html+"Content-Encoding: gzip\r\n", gzipped(bridge)),
		response("https://ada.example/4", "200 OK", html+"Content-Encoding: br\r\n", packed(func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }, bridge)),
		response("https://ada.example/5", "200 OK", html+"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n", bridge), // undone by the crawler, not in the header
		response("https://ada.example/6", "200 OK", "Content-Type: text/html; charset=windows-1252\r\n", strings.Replace(bridge, "bridge", "caf\xe9", 1)),
		response("https://ada.example/7", "200 OK", "", bridge), // without a type
		record("resource", "https://ada.example/8", "text/html", bridge),
		response("https://ada.example/9", "301 Moved Permanently", html+"Location: /1\r\n", bridge),
		response("https://ada.example/10", "404 Not Found", html, bridge),
		response("https://ada.example/11", "200 OK", "Content-Type: image/png\r\n", "\x89PNG"+strings.Repeat("x", 10_000)),
		response("https://ada.example/12", "200 OK", "", "\x89PNG\r\n\x1a\n"),
		record("revisit", "https://ada.example/1", "application/http; msgtype=response", "HTTP/1.1 200 OK\r\n"+html+"\r\n"),
		record("metadata", "https://ada.example/1", "application/warc-fields", "via: x\r\n"),
		record("conversion", "https://ada.example/1", "text/plain", "Bridge"),
		record("response", "dns:ada.example", "text/dns", "ada.example. 1 IN A 93.184.216.34"),
	}
	each := ""
	for _, r := range records {
		each += gzipped(r)
	}
	for name, content := range map[string]string{"a.warc": strings.Join(records, ""), "a.warc.gz": each, "whole.warc.gz": gzipped(strings.Join(records, ""))} {
		t.Run(name, func(t *testing.T) {
			got := crawl(t, name, content)
			if len(got) != 8 {
				t.Fatalf("%d pages: %v", len(got), got)
			}
			for i, m := range got {
				a, _, err := pipeline.Decode(m)
				if m.Err != nil || err != nil {
					t.Fatal(i, m.Err, err)
				}
				noun := "bridge"
				if i == 5 {
					noun = "café"
				}
				if want := fmt.Sprintf("https://ada.example/%d", i+1); a.URL != want || a.Title != "Bridge opens" ||
					a.Body != "The harbour "+noun+" at Port Ada opened again on Tuesday, a week after the storm." {
					t.Errorf("page %d: %+v, want %s", i+1, a, want)
				}
			}
			if got[0].Origin.Line != 3 || !strings.HasSuffix(got[0].Origin.Path, name) {
				t.Errorf("origin %s", got[0].Origin)
			}
		})
	}
	s := open(t, files.Config{Paths: []string{"-"}, Stdin: strings.NewReader(strings.Join(records, ""))})
	if got := readAll(t, s); len(got) != 8 {
		t.Errorf("%d pages from standard input", len(got))
	}
}

// TestDamagedWARC: what is wrong is named, and the pages around it are read.
func TestDamagedWARC(t *testing.T) {
	const html = "Content-Type: text/html\r\n"
	good := response("https://ada.example/1", "200 OK", html, bridge)
	last := response("https://ada.example/2", "200 OK", html, bridge)
	long := response("https://ada.example/long", "200 OK", html, "<p>"+strings.Repeat("x", 10_000))
	bomb := response("https://ada.example/bomb", "200 OK", html+"Content-Encoding: gzip\r\n", gzipped(strings.Repeat(" ", 1<<20)))
	tests := []struct {
		name, content string
		pages         int
		errs          []string
	}{
		{"nothing", "", 0, []string{"not a WARC record"}},
		{"no WARC", "<html></html>\n", 0, []string{"not a WARC record"}},
		{"too long a page", good + long + last, 2, []string{"longer than 4096 bytes"}},
		{"a gzip bomb", good + bomb + last, 2, []string{"longer than 4096 bytes"}},
		{"packed many times", good + response("https://ada.example/packed", "200 OK", html+"Content-Encoding: "+strings.Repeat("gzip,", 100)+"gzip\r\n", gzipped(bridge)) + last, 2, []string{"packed 101 times over"}},
		{"a length that is none", good + strings.Replace(good, "Content-Length: ", "Content-Length: x", 1) + last, 2, []string{"Content-Length"}},
		{"a negative length", good + strings.Replace(good, "Content-Length: ", "Content-Length: -", 1) + last, 2, []string{"Content-Length"}},
		{"a length that is too short", strings.Replace(good, fmt.Sprintf("Content-Length: %d", len(bridge)+42), "Content-Length: 60", 1) + last, 2, nil},
		{"a header without an end", good + "WARC/1.1\r\n" + strings.Repeat("X-Y: "+strings.Repeat("z", 1000)+"\r\n", 100) + "\r\n" + last, 2, []string{"header is longer"}},
		{"one endless line", good + "WARC/1.1\r\nX: " + strings.Repeat("z", 1<<20) + "\r\n\r\n" + last, 2, []string{"header is longer"}},
		{"an answer that is none", record("response", "x", "application/http", "\x00\x01") + last, 1, nil},
		{"cut in a block", good + last[:len(last)-60], 1, []string{"cut short"}},
		{"cut in a header", good + "WARC/1.1\r\nWARC-Type: resp", 1, []string{"cut short"}},
		{"garbage at the end", good + "garbage\r\n", 1, []string{"not a WARC record"}},
		{"garbage between", good + "garbage\r\n\r\n" + last, 2, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var pages int
			var errs []string
			for _, m := range crawl(t, "a.warc", test.content) {
				if m.Err != nil {
					errs = append(errs, m.Err.Error())
					continue
				}
				pages++
			}
			if pages != test.pages || len(errs) != len(test.errs) {
				t.Fatalf("%d pages, errors %q; want %d, %q", pages, errs, test.pages, test.errs)
			}
			for i, e := range errs {
				if !strings.Contains(e, test.errs[i]) {
					t.Errorf("error %q, want %q", e, test.errs[i])
				}
			}
		})
	}
	t.Run("gzip cut", func(t *testing.T) {
		whole := gzipped(good) + gzipped(last)
		got := crawl(t, "a.warc.gz", whole[:len(whole)-40])
		if len(got) != 2 || got[0].Err != nil || got[1].Err == nil {
			t.Errorf("%d messages, the last with %v", len(got), got[len(got)-1].Err)
		}
	})
}

func FuzzWARC(f *testing.F) {
	f.Add([]byte(response("https://ada.example/1", "200 OK", "Content-Type: text/html\r\n", bridge)))
	f.Add([]byte(record("resource", "https://ada.example/8", "text/html", bridge)))
	f.Add([]byte("WARC/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n"))
	f.Add([]byte("WARC/1.0\r\nContent-Length: 0\r\n\r\n\r\n\r\nWARC/"))
	f.Add([]byte(response("x", "200 OK", "Transfer-Encoding: chunked\r\nContent-Encoding: gzip, br\r\nContent-Type: text/html\r\n", "5\r\nabcde\r\n0\r\n\r\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := files.Open(files.Config{Paths: []string{"-"}, Stdin: bytes.NewReader(b), StdinForm: files.WARC, MaxBytes: 512})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		for n := 0; ; n++ {
			batch, err := s.Read(t.Context())
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range batch.Messages {
				if m.Err == nil && len(m.Value) == 0 {
					t.Error("an empty message without an error")
				}
				if len(m.Value) > 6*512+len(b) { // six bytes at most for each in JSON
					t.Errorf("a message of %d bytes", len(m.Value))
				}
			}
			if n > len(b)+1 {
				t.Fatal("no end")
			}
		}
	})
}
