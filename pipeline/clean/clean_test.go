package clean

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

const page = `<!DOCTYPE html>
<html lang="en-GB"><head><meta charset="utf-8">
<title>Harbour bridge opens again after storm | The Ada Post</title>
<meta property="og:title" content="Harbour bridge opens again after storm - The Ada Post">
<meta property="og:site_name" content="The Ada Post">
<meta name="author" content="Mira Stone">
<link rel="canonical" href="/news/bridge?id=1&amp;copy=2">
<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"WebSite","name":"x"},
{"@type":["NewsArticle"],"headline":"Harbour bridge opens again &amp; traffic flows","datePublished":"2025-03-04T09:30:00+02:00",
"dateModified":"2025-03-05","author":[{"@type":"Person","name":"Mira Stone"},{"@type":"Person","name":"Jo Field"}],
"publisher":{"@type":"Organization","name":"The Ada Post"}}]}</script></head>
<body><nav><a href="/">Home</a> <a href="/sport">Sport</a></nav>
<div id="cookie-banner"><p>We use cookies, and so do our many partners, to give you what we think is a better experience of this page, and to count you.</p></div>
<article><h1>Harbour bridge opens again &amp; traffic flows</h1>
<p>The harbour bridge at Port Ada opened again on Tuesday,&nbsp;a week after the storm, the city&#8217;s council said.</p>
<p>&ldquo;It is <b>safe</b>,&rdquo; said   council
leader Bo Reed, who crossed it first, on a bicycle, in the rain, with a flag.</p>
<figure><img src="b.jpg"><figcaption>The bridge. Photo: J. Field</figcaption></figure>
<blockquote><p>We waited long for this day, and we will remember those who worked through the night.</p></blockquote>
<p>Ferries will run until May,<br>the council said, and the old timetable will then be used again by all lines.</p>
<aside><p>Sign up for our newsletter and never miss a bridge again, wherever you are.</p></aside>
</article><footer><p>Copyright The Ada Post. All rights reserved by the owners of the paper.</p></footer></body></html>`

func TestParse(t *testing.T) {
	p, err := Parse([]byte(page), "", "https://ada.example/from?x=1")
	if err != nil {
		t.Fatal(err)
	}
	want := Page{
		Title: "Harbour bridge opens again & traffic flows", Author: "Mira Stone, Jo Field", Source: "The Ada Post", Language: "en-GB",
		URL: "https://ada.example/news/bridge?id=1&copy=2",
		Text: "The harbour bridge at Port Ada opened again on Tuesday, a week after the storm, the city’s council said.\n\n" +
			"“It is safe,” said council leader Bo Reed, who crossed it first, on a bicycle, in the rain, with a flag.\n\n" +
			"We waited long for this day, and we will remember those who worked through the night.\n\n" +
			"Ferries will run until May, the council said, and the old timetable will then be used again by all lines.",
	}
	got := *p
	got.Published, got.Modified = time.Time{}, time.Time{}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if s := p.Published.Format(time.RFC3339); s != "2025-03-04T09:30:00+02:00" {
		t.Errorf("published %s", s)
	}
	if s := p.Modified.Format(time.RFC3339); s != "2025-03-05T00:00:00Z" {
		t.Errorf("modified %s", s)
	}
}

func TestCharsets(t *testing.T) {
	const body = "<p>Café “Ada” in Řehoř – one</p>"
	encode := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	latin := strings.ReplaceAll(body, "Řehoř", "Rehor")
	tests := []struct {
		name, header string
		page         []byte
		want         string
	}{
		{"UTF-8 without a word", "", []byte(body), body},
		{"UTF-8 that claims to be Latin-1", "text/html; charset=iso-8859-1", []byte(body), body},
		{"UTF-8 with a mark", "", []byte("\ufeff" + body), body},
		{"UTF-8 after a long head", "", []byte("<head>" + strings.Repeat("<!-- x -->", 500) + "</head>" + body), body},
		{"Windows-1252 by default", "", encode(charmap.Windows1252.NewEncoder().Bytes([]byte(latin))), latin},
		{"Windows-1250 by header", "text/html; charset=windows-1250", encode(charmap.Windows1250.NewEncoder().Bytes([]byte(body))), body},
		{"Windows-1250 by meta", "", append([]byte(`<meta charset="windows-1250">`), encode(charmap.Windows1250.NewEncoder().Bytes([]byte(body)))...), body},
		{"UTF-16", "", encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(body))), body},
		{"ISO-2022-JP", "text/html; charset=iso-2022-jp", encode(japanese.ISO2022JP.NewEncoder().Bytes([]byte("<p>橋 is open</p>"))), "<p>橋 is open</p>"},
		{"UTF-8 with a fault", "text/html; charset=utf-8", []byte("<p>a\xffb</p>"), "<p>a\ufffdb</p>"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := Parse(test.page, test.header, "")
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.TrimSuffix(strings.TrimPrefix(test.want, "<p>"), "</p>"); p.Text != want {
				t.Errorf("got %q, want %q", p.Text, want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, page string
		want       error
	}{
		{"nothing", "", ErrNoText},
		{"no body", "<html><head><title>T</title></head></html>", ErrNoText},
		{"scripts only", "<body><script>document.write('x')</script><div id=app></div>", ErrNoText},
		{"a PDF", "%PDF-1.7 ...", ErrNotHTML},
		{"a ZIP", "PK\x03\x04...", ErrNotHTML},
		{"NULs", "<p>x\x00\x00\x00", ErrNotHTML},
		{"too big", strings.Repeat(" ", maxPage+1), ErrTooBig},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if p, err := Parse([]byte(test.page), "", ""); !errors.Is(err, test.want) {
				t.Errorf("got %+v, %v, want %v", p, err, test.want)
			}
		})
	}
}

// TestHostile: any page gives a page or an error, and soon.
func TestHostile(t *testing.T) {
	size, scored := 5<<20, maxElements
	if testing.Short() { // as under the race detector
		size, scored = 1<<20, maxElements/5
	}
	big := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	for name, page := range map[string]string{
		"deep":                  strings.Repeat("<div>", 100_000) + "text",
		"deep inline":           strings.Repeat("<b>", 100_000) + "text",
		"many paragraphs":       big("<p>The bridge is open.</p>"),
		"many elements":         big("<div><a href=x>y</a></div>"),
		"open formatting":       big("<b><p>x"),
		"one word":              big("x"),
		"tables":                big("<table><tr><td>x"),
		"attributes":            "<p " + big("a=b ") + ">x</p>",
		"entities":              big("&amp;"),
		"comments":              big("<!--"),
		"json-ld":               `<script type="application/ld+json">` + big("[") + `</script><p>x</p>`,
		"json-ld nested":        `<script type="application/ld+json">` + strings.Repeat(`{"@graph":[`, 4000) + strings.Repeat(`]}`, 4000) + `</script><p>x</p>`,
		"as many as are scored": strings.Repeat("<div><p>The bridge, it is open, at last, and all are glad.</p></div>", scored/2-10),
		"links that are scored": strings.Repeat("<p><a href=x>The bridge, it is open, at last, and all</a></p>", scored/2-10),
		"nested and scored":     strings.Repeat(strings.Repeat("<div>", 400)+"The bridge, it is open, at last."+strings.Repeat("</div>", 400), scored/400-1),
		"breaks":                "<p>" + big("x<br><br>"),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			p, err := Parse([]byte(page), "", "")
			if err == nil && p.Text == "" {
				t.Error("neither text nor an error")
			}
			if d := time.Since(start); d > 2*time.Minute { // a second or two, on a machine that does nothing else
				t.Errorf("it took %v", d)
			} else {
				t.Logf("%v, %v", d.Round(time.Millisecond), err)
			}
		})
	}
}

func TestTitle(t *testing.T) {
	tests := []struct{ name, head, want string }{
		{"title with a site", "<title>Harbour bridge opens again | The Ada Post</title>", "Harbour bridge opens again"},
		{"title with a dash of its own", "<title>Bridge - open</title>", "Bridge - open"},
		{"h1 before title", "<title>Ada Post</title></head><h1>Bridge <i>open</i></h1>", "Bridge open"},
		{"og:title with the site", `<meta property="og:site_name" content="Ada Post"><meta property="og:title" content="Bridge is open - Ada Post">`, "Bridge is open"},
		{"a picture's title is no page's", "</head><svg><title>Icon</title></svg>", ""},
		{"broken JSON-LD", `<script type="application/ld+json">{"@type":"NewsArticle","headline":</script><title>Bridge</title>`, "Bridge"},
		{"JSON-LD with line breaks", "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"headline\":\"Bridge\nopen\"}</script>", "Bridge open"},
		{"name of the site in another form", `<meta property="og:site_name" content="The Ada Post"><meta property="og:title" content="Bridge is open - Ada Post Online">`, "Bridge is open"},
		{"section and site after the page's headline", `<meta property="og:title" content="Bridge is open again - Local | adapost.example"></head><h1>Bridge is open again</h1>`, "Bridge is open again"},
		{"topic before the page's headline", `<meta property="og:title" content="Ada Bridge: Bridge is open again | Local News"></head><h1>Bridge is open again</h1>`, "Bridge is open again"},
		{"topic that is part of the title", `<meta property="og:title" content="Ada Bridge: Bridge is open again"></head><h1>Bridge is open again</h1>`, "Ada Bridge: Bridge is open again"},
		{"og:title that is but the site", `<meta property="og:site_name" content="Ada Post"><meta property="og:title" content="Ada Post"></head><h1>Bridge is open</h1>`, "Bridge is open"},
		{"tags in the metadata", `<meta property="og:title" content="The &lt;em&gt;Ada&lt;/em&gt; sails, 3 &lt; 4">`, "The Ada sails, 3 < 4"},
		{"cut short", `<meta property="og:title" content="Bridge is open again after a long…"></head><h1>Bridge is open again after a long winter</h1>`, "Bridge is open again after a long winter"},
		{"section and site in <title>", "<title>Bridge is open | Local | The Ada Post</title>", "Bridge is open"},
		{"the h1 that the title speaks of", "<title>Bridge is open - Ada Post</title></head><h1>The Ada Post</h1><h1>Bridge is open</h1>", "Bridge is open"},
		{"another page's JSON-LD", `<link rel=canonical href="https://ada.example/2"><script type="application/ld+json">[{"@type":"NewsArticle","headline":"Ferry","url":"https://ada.example/1"},
			{"@type":"NewsArticle","headline":"Bridge","url":"https://www.ada.example/2/"}]</script>`, "Bridge"},
		{"JSON-LD of another kind", `<script type="application/ld+json">{"@type":"Organization","name":"Ada Post"}</script><title>Bridge</title>`, "Bridge"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := Parse([]byte("<head>"+test.head+"<p>Text.</p>"), "", "")
			if err != nil {
				t.Fatal(err)
			}
			if p.Title != test.want {
				t.Errorf("title %q, want %q", p.Title, test.want)
			}
		})
	}
}

func TestReadTime(t *testing.T) {
	for in, want := range map[string]string{
		"2025-03-04T09:30:00Z":            "2025-03-04T09:30:00Z",
		"2025-03-04T09:30:00.123+0200":    "2025-03-04T09:30:00.123+02:00",
		"2025-03-04 09:30:00":             "2025-03-04T09:30:00Z",
		"2025-03-04":                      "2025-03-04T00:00:00Z",
		"Tue, 04 Mar 2025 09:30:00 +0000": "2025-03-04T09:30:00Z",
		"March 4, 2025":                   "2025-03-04T00:00:00Z",
		"Tue Mar 4 2025 09:30:00 GMT+0100 (Central European Standard Time)": "2025-03-04T09:30:00+01:00",
		"2025-03-04T09:30+0100":      "2025-03-04T09:30:00+01:00",
		"2025-03-04 09:30:00 +01:00": "2025-03-04T09:30:00+01:00",
		"4.3.2025":                   "", "soon": "", "": "", "0001-01-01T00:00:00Z": "", "2025-03-04T09:30:00+24:00": "",
	} {
		got := ""
		if tm := readTime(in); !tm.IsZero() {
			got = tm.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	for page, want := range map[string]string{
		`<time datetime="9:30">9:30</time><time datetime="2025-03-05">x</time>`:                             "2025-03-05",
		`<time datetime="2025-03-05">x</time><time itemprop="datePublished" datetime="2025-03-04">x</time>`: "2025-03-04",
		`<link rel="canonical" href="https://ada.example/2025/mar/04/bridge">`:                              "2025-03-04",
		`<link rel="canonical" href="https://ada.example/news/2025/03/04/">`:                                "2025-03-04",
		`<link rel="canonical" href="https://ada.example/2025/34/04/">`:                                     "0001-01-01",
	} {
		p, err := Parse([]byte(page+"<p>Text.</p>"), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Published.Format(time.DateOnly); got != want {
			t.Errorf("%s: %s, want %s", page, got, want)
		}
	}
}

// TestOpeningDay: a page without metadata may begin with its date.
func TestOpeningDay(t *testing.T) {
	for first, want := range map[string]string{
		"January 11, 2024": "2024-01-11", "Politics / January 11, 2024": "2024-01-11", "11 January 2024": "2024-01-11",
		"January 11, 2024 was cold.": "", "Born on / January 2024": "",
	} {
		p, err := Parse([]byte("<p>"+first+"</p><p>The harbour bridge opened again.</p>"), "", "")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if !p.Published.IsZero() {
			got = p.Published.Format(time.DateOnly)
		}
		if got != want || (want != "") == strings.Contains(p.Text, first) {
			t.Errorf("%s: published %q, text %q", first, got, p.Text)
		}
	}
	p, err := Parse([]byte("<p>January 11, 2024</p>"), "", "")
	if err != nil || p.Text != "January 11, 2024" {
		t.Errorf("a date alone: %+v, %v", p, err)
	}
}

// TestBreaks: an element that a style sheet makes a line break of is one.
func TestBreaks(t *testing.T) {
	const first, second = "The harbour bridge at Port Ada opened again on Tuesday, a week after the storm, the council said", "Ferries will run until May, and the old timetable will then be used again, safety first."
	for _, br := range []string{`<span class="id-r-component br"></span>`, "<br>", "<br/>"} {
		p, err := Parse([]byte("<article><div>"+first+br+br+strings.Replace(second, "safety", "safe<span class=x></span>ty", 1)+"</div></article>"), "", "")
		if err != nil || p.Text != first+"\n\n"+second {
			t.Errorf("%s: %+v, %v", br, p, err)
		}
	}
}

// TestSource: the publisher's name as people write it.
func TestSource(t *testing.T) {
	for og, want := range map[string]string{"adapost": "Ada Post", "the ada post": "the ada post", "": "Ada Post", "ADA": "ADA"} {
		p, err := Parse([]byte(`<meta property="og:site_name" content="`+og+`"><script type="application/ld+json">{"@type":"NewsArticle","publisher":{"name":"Ada Post"}}</script><p>Text.</p>`), "", "")
		if err != nil || p.Source != want {
			t.Errorf("%q: %+v, %v", og, p, err)
		}
	}
}

// TestMarkdown: an articleBody may be Markdown.
func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"Johnson published [a paper](https://ada.example/a_b_c) about *ice* and **snow**.": "Johnson published a paper about ice and snow.",
		"+++dropcap":                       "",
		"[#image: /photos/6442ac41]":       "",
		"at *NASA*{: .small}’s centre":     "at NASA’s centre",
		"2 * 3 * 4 [sic] {x} a_b_c 5*":     "2 * 3 * 4 [sic] {x} a_b_c 5*",
		"He said [it was] (twice) so_far.": "He said [it was] (twice) so_far.",
	} {
		if got := articleBody(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(page), "text/html")
	f.Add([]byte("<p>x"), "text/html; charset=utf-16")
	f.Add([]byte("<table><p><b><svg><title><script type=application/ld+json>[{}]"), "")
	f.Add([]byte("\xff\xfe<\x00p\x00>\x00x\x00"), "")
	f.Fuzz(func(t *testing.T, b []byte, contentType string) {
		p, err := Parse(b, contentType, "https://ada.example/")
		if err != nil {
			return
		}
		if strings.TrimSpace(p.Text) == "" || strings.Contains(p.Text, "\n\n\n") {
			t.Errorf("text %q", p.Text)
		}
		for _, s := range []string{p.Title, p.Text, p.Author, p.Source, p.Language, p.URL} {
			if !utf8.ValidString(s) {
				t.Errorf("not UTF-8: %q", s)
			}
		}
		again, err := Parse(bytes.Clone(b), contentType, "https://ada.example/")
		if err != nil || *again != *p {
			t.Errorf("a second reading gives %+v, %v, want %+v", again, err, p)
		}
	})
}
