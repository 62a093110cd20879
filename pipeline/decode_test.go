package pipeline

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/extractor"
)

func TestDecode(t *testing.T) {
	utc := func(y int, m time.Month, d, h, min int) time.Time { return time.Date(y, m, d, h, min, 0, 0, time.UTC) }
	tests := []struct {
		name string
		m    Message
		want extractor.Article // an ID of "*" is any
	}{
		{"all fields", Message{Value: []byte(`{"id":"a","url":"https://example.org/a","title":"T","text":" body\n","published":"2025-01-20T10:00:00Z",
			"modified":"2025-01-21","source":"Post","language":"en","author":"ignored","version":7,"entities":[{"id":0}]}`)},
			extractor.Article{ID: "a", URL: "https://example.org/a", Title: "T", Body: " body\n", Published: utc(2025, 1, 20, 10, 0),
				Modified: utc(2025, 1, 21, 0, 0), Source: "Post", Language: "en"}},
		{"nulls", Message{Value: []byte(`{"id":null,"url":null,"title":null,"text":"body","published":null,"source":null}`)},
			extractor.Article{ID: "*", Body: "body"}},
		{"byte order mark", Message{Value: []byte("\ufeff{\"id\":\"a\",\"text\":\"body\"}\r\n")}, extractor.Article{ID: "a", Body: "body"}},
		{"time without a zone", Message{Value: []byte(`{"id":"a","text":"b","published":"2025-01-20T10:00:00"}`)},
			extractor.Article{ID: "a", Body: "b", Published: utc(2025, 1, 20, 10, 0)}},
		{"time with a space", Message{Value: []byte(`{"id":"a","text":"b","published":"2025-01-20 10:00"}`)},
			extractor.Article{ID: "a", Body: "b", Published: utc(2025, 1, 20, 10, 0)}},
		{"an empty time", Message{Value: []byte(`{"id":"a","text":"b","published":""}`)}, extractor.Article{ID: "a", Body: "b"}},
		{"names in other case are other fields", Message{Value: []byte(`{"ID":"x","Text":"y","id":"a","text":"b"}`)}, extractor.Article{ID: "a", Body: "b"}},
		{"html", Message{Value: []byte(`{"id":"a","url":"https://example.org/a","html":"<title>Bridge opens again today</title><p>The bridge is open.</p><p>All are glad.</p>"}`)},
			extractor.Article{ID: "a", URL: "https://example.org/a", Title: "Bridge opens again today", Body: "The bridge is open.\n\nAll are glad."}},
		{"text before html", Message{Value: []byte(`{"id":"a","text":"body","html":"<p>other</p>"}`)}, extractor.Article{ID: "a", Body: "body"}},
		{"html where text is blank", Message{Value: []byte(`{"id":"a","title":"Mine","text":" ","html":"<p>The bridge is open.</p>"}`)},
			extractor.Article{ID: "a", Title: "Mine", Body: "The bridge is open."}},
		{"text file", Message{Format: Text, Name: "port-news", Value: []byte(" First line\r\nsecond “line”\n\n")},
			extractor.Article{ID: "port-news", Body: " First line\r\nsecond “line”\n\n"}},
		{"text file with a mark", Message{Format: Text, Name: "a", Value: []byte("\ufeffBody")}, extractor.Article{ID: "a", Body: "Body"}},
		{"page", Message{Format: HTML, Name: "page", Value: []byte(`<html lang="en"><title>T</title><p>The bridge is open.</p></html>`)},
			extractor.Article{ID: "page", Title: "T", Language: "en", Body: "The bridge is open."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, warnings, err := Decode(test.m)
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) > 0 {
				t.Errorf("warnings %q", warnings)
			}
			if test.want.ID == "*" && got.ID != "" {
				test.want.ID = got.ID
			}
			if *got != test.want {
				t.Errorf("got  %+v\nwant %+v", *got, test.want)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	tests := []struct {
		name  string
		m     Message
		wants []string
	}{
		{"empty", Message{}, []string{"empty"}},
		{"blank", Message{Value: []byte(" \n")}, []string{"empty"}},
		{"cut in a string", Message{Value: []byte(`{"id":"a","text":"The bri`)}, []string{`"text"`, "ends early", "25 bytes"}},
		{"cut after a field", Message{Value: []byte(`{"id":"a"`)}, []string{"ends early"}},
		{"cut after a colon", Message{Value: []byte(`{"id":`)}, []string{`"id"`, "ends early"}},
		{"not JSON", Message{Value: []byte("The bridge is open.")}, []string{"not valid JSON at byte 0"}},
		{"broken JSON", Message{Value: []byte(`{"id":"a",,"text":"b"}`)}, []string{"not valid JSON at byte 10"}},
		{"a broken value", Message{Value: []byte(`{"id":"a","text":"b","x":[1,}`)}, []string{`"x"`, "not valid JSON at byte 28"}},
		{"an array", Message{Value: []byte(`[{"text":"b"}]`)}, []string{"an array", "want an object"}},
		{"a string", Message{Value: []byte(`"b"`)}, []string{"a string"}},
		{"null", Message{Value: []byte(`null`)}, []string{"null"}},
		{"two objects", Message{Value: []byte(`{"text":"b"}{"text":"c"}`)}, []string{"more after the JSON object"}},
		{"a number for text", Message{Value: []byte(`{"text":12}`)}, []string{`"text"`, "the number 12", "want a string"}},
		{"an array for title", Message{Value: []byte(`{"title":["b"],"text":"b"}`)}, []string{`"title"`, "an array"}},
		{"an object for id", Message{Value: []byte(`{"id":{},"text":"b"}`)}, []string{`"id"`, "an object"}},
		{"true for source", Message{Value: []byte(`{"source":true,"text":"b"}`)}, []string{`"source"`, "true"}},
		{"twice the same", Message{Value: []byte(`{"text":"b","id":"a","text":"c"}`)}, []string{`"text"`, "twice"}},
		{"Latin-1 JSON", Message{Value: []byte("{\"text\":\"caf\xe9\"}")}, []string{"UTF-8", "byte 12", "0xe9", "iconv"}},
		{"Latin-1 text", Message{Format: Text, Value: []byte("caf\xe9")}, []string{"UTF-8", "byte 3", "0xe9", "iconv"}},
		{"UTF-16 text", Message{Format: Text, Value: []byte("\xff\xfeT\x00h\x00e\x00")}, []string{"UTF-16", "iconv"}},
		{"binary text", Message{Format: Text, Value: []byte("\x7fELF\x00\x00\xff")}, []string{"binary"}},
		{"NUL in text", Message{Format: Text, Value: []byte("a\x00b")}, []string{"NUL", "binary"}},
		{"deep JSON", Message{Value: []byte(`{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `,"text":"b"}`)}, []string{"nested more than 100 deep", "byte 104"}},
		{"deep JSON-LD", Message{Value: []byte(`{"@graph":` + strings.Repeat(`[{"@graph":`, 5000) + `1` + strings.Repeat(`}]`, 5000) + `}`)}, []string{"nested more than 100 deep", "an article is a flat object"}},
		{"deep ninjs", Message{Value: []byte(`{"uri":"x","versioncreated":"2025-01-16","bodies":` + strings.Repeat("[", 101) + strings.Repeat("]", 101) + `}`)}, []string{"nested more than 100 deep"}},
		{"deep and cut", Message{Value: []byte(strings.Repeat(`{"a":`, 1<<20))}, []string{"nested more than 100 deep"}},
		{"page without text", Message{Format: HTML, Value: []byte("<html><script>render()</script></html>")}, []string{"no article text"}},
		{"html without text", Message{Value: []byte(`{"html":"<img src=x>"}`)}, []string{`"html"`, "no article text"}},
		{"a PDF for a page", Message{Format: HTML, Value: []byte("%PDF-1.4")}, []string{"PDF"}},
		{"unknown format", Message{Format: "docx", Value: []byte("x")}, []string{"docx", "want json"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, _, err := Decode(test.m)
			if err == nil {
				t.Fatalf("no error, but %+v", a)
			}
			for _, want := range test.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}

// TestDecodeOddTimes: what is no time costs the time, not the article.
func TestDecodeOddTimes(t *testing.T) {
	for _, v := range []string{`"yesterday"`, `1737367200`, `"20.01.2025"`, `{}`, `"2025-13-01"`, `"2025-01-20T10:00:00+24:00"`, `true`} {
		a, warnings, err := Decode(Message{Value: []byte(`{"id":"a","text":"b","published":` + v + `}`)})
		if err != nil {
			t.Errorf("%s: %v", v, err)
			continue
		}
		if !a.Published.IsZero() || len(warnings) != 1 || !strings.Contains(warnings[0], `"published"`) || !strings.Contains(warnings[0], v) {
			t.Errorf("%s: published %v, warnings %q", v, a.Published, warnings)
		}
	}
	a, _, err := Decode(Message{Value: []byte(`{"id":"a","text":"b","published":"2025-01-20t23:30:00.5+09:30"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Published.Format(time.RFC3339Nano); got != "2025-01-20T23:30:00.5+09:30" {
		t.Errorf("published is %s: the zone must stay", got)
	}
}

func TestDecodeID(t *testing.T) {
	id := func(s string) string {
		t.Helper()
		a, _, err := Decode(Message{Value: []byte(s)})
		if err != nil {
			t.Fatal(err)
		}
		return a.ID
	}
	same := [][2]string{
		{`{"url":"https://example.org/a","text":"b"}`, `{"url":"HTTPS://Example.org:443/a#top","text":"other"}`},
		{`{"title":"t","text":"b"}`, `{"text":"b","title":"t","modified":"2025-01-01"}`},
		{`{"id":"","url":"https://example.org/a","text":"b"}`, `{"url":"https://example.org/a","text":"b"}`},
	}
	for _, s := range same {
		if id(s[0]) != id(s[1]) {
			t.Errorf("%s and %s have different IDs", s[0], s[1])
		}
	}
	other := [][2]string{
		{`{"url":"https://example.org/a","text":"b"}`, `{"url":"https://example.org/b","text":"b"}`},
		{`{"url":"https://example.org/a","text":"b"}`, `{"url":"https://example.org/A","text":"b"}`},
		{`{"title":"t","text":"b"}`, `{"title":"tb","text":""}`},
		{`{"title":"t","text":"b"}`, `{"title":"t","text":"b","source":"Post"}`},
	}
	for _, s := range other {
		if id(s[0]) == id(s[1]) {
			t.Errorf("%s and %s have the same ID", s[0], s[1])
		}
	}
	if got := id(`{"text":"b"}`); len(got) != 32 {
		t.Errorf("ID %q", got)
	}
	long := strings.Repeat("é", 300)
	a, warnings, err := Decode(Message{Value: []byte(`{"id":"` + long + `","text":"b"}`)})
	if err != nil || len(a.ID) > MaxID || len(warnings) != 1 || !strings.Contains(warnings[0], "600 bytes") {
		t.Errorf("a long ID gives %q, %q, %v", a.ID, warnings, err)
	}
	edge := strings.Repeat("x", MaxID)
	if got := id(`{"id":"` + edge + `","text":"b"}`); got != edge {
		t.Errorf("an ID of %d bytes becomes %q", MaxID, got)
	}
}

// TestDecodeRecord: a record that was printed gives the article whose record it is.
func TestDecodeRecord(t *testing.T) {
	a := &extractor.Article{ID: "a", URL: "https://example.org/a", Title: "Title “x”", Body: "Body.\n\nMore.", Source: "Post", Language: "en",
		Published: time.Date(2025, 1, 20, 10, 0, 0, 0, time.FixedZone("", 3*3600))}
	rec := NewRecord(a, &extractor.Analysis{Version: "v"}, time.Time{})
	b, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	again, warnings, err := Decode(Message{Value: b})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if again.Text() != a.Text() || again.ID != a.ID || again.URL != a.URL || again.Title != a.Title || !again.Published.Equal(a.Published) {
		t.Errorf("got %+v\nwant %+v", again, a)
	}
}

func TestDecodeKeepsText(t *testing.T) {
	text := "\n  “Quotes” — dashes …\u00a0nbsp\t🚢 \u2028 &amp; <b>\r\n "
	b, err := json.Marshal(map[string]string{"text": text, "title": " T "})
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := Decode(Message{Value: b})
	if err != nil {
		t.Fatal(err)
	}
	if a.Body != text || a.Title != " T " {
		t.Errorf("got %q, %q", a.Title, a.Body)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"", "{}", `{"text":"The bridge is open.","published":"2025-01-20"}`, `{"html":"<p>x</p>"}`, `{"id":1}`, `[`, "\xff\xfe", "plain text",
		`<html><body><p>x</p>`, `{"text":"a","text":"b"}`, `{"id":"\ud800","text":"x"}`, "\ufeff{}",
	} {
		for _, format := range []string{"json", "txt", "html"} {
			f.Add([]byte(s), format)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, format string) {
		a, warnings, err := Decode(Message{Value: b, Format: Format(format)})
		if err != nil {
			if a != nil || err.Error() == "" || errors.Is(err, extractor.ErrUTF8) && utf8.Valid(b) {
				t.Errorf("error %v with %v", err, a)
			}
			return
		}
		for _, s := range append(warnings, a.ID, a.URL, a.Title, a.Body, a.Source, a.Language) {
			if !utf8.ValidString(s) {
				t.Errorf("not UTF-8: %q", s)
			}
		}
		if a.ID == "" || len(a.ID) > MaxID {
			t.Errorf("ID %q", a.ID)
		}
		if _, err := json.Marshal(NewRecord(a, &extractor.Analysis{}, time.Time{})); err != nil {
			t.Errorf("the record can't be written: %v", err)
		}
		again, _, err := Decode(Message{Value: b, Format: Format(format)})
		if err != nil || *again != *a {
			t.Errorf("a second reading gives %+v, %v", again, err)
		}
	})
}
