// Package clean turns a web page into an article: its title, its text without the page's
// furniture, and what its metadata says of dates, author and language.
//
// The main content is chosen by go-readability (a port of Mozilla's Readability.js); what the page
// itself names as furniture goes before, and paragraphs that are no part of the story go after: see
// story. Title, dates and author come first from JSON-LD (schema.org NewsArticle) and OpenGraph, which
// publishers keep right for search engines; where a page has several headlines, publishers.tsv knows which one
// its publisher goes by.
//
// README.md in this folder has the libraries that were compared, and what each gets right.
package clean

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// Page is a cleaned page. All strings are valid UTF-8; what the page doesn't say is empty.
type Page struct {
	Title string
	// Text is the article's body without its title: paragraphs separated by blank lines.
	Text string
	// Author is the byline's names, separated by commas.
	Author string
	// Source is the publisher's name.
	Source string
	// Language is BCP 47 as the page gives it: "en", "en-GB".
	Language string
	// URL is the canonical one, else the one that the page was read from.
	URL string
	// Published and Modified keep the zone that they were given in; zero where unknown.
	Published time.Time
	Modified  time.Time
}

// Errors that Parse wraps.
var (
	ErrNoText  = errors.New("the page has no article text")
	ErrTooBig  = errors.New("the page is too big")
	ErrNotHTML = errors.New("not a web page")
)

const (
	// maxPage is the most bytes of HTML that are parsed. Real articles have under 3 MB with all
	// their scripts.
	maxPage = 16 << 20
	// maxElements bounds the scoring of elements, whose worst case is more than linear. A page over
	// it (a real one has 500 to 5,000) still gives its paragraphs.
	maxElements = 30_000
)

// Parse cleans a page. contentType is the Content-Type header and pageURL the address that it was
// read from; both may be empty.
func Parse(page []byte, contentType, pageURL string) (*Page, error) {
	if len(page) > maxPage {
		return nil, fmt.Errorf("%w: %d bytes, over the limit of %d", ErrTooBig, len(page), maxPage)
	}
	if kind := binary(page); kind != "" {
		return nil, fmt.Errorf("%w: it is %s", ErrNotHTML, kind)
	}
	src, err := decode(page, contentType)
	if err != nil {
		return nil, err
	}
	doc, err := html.Parse(bytes.NewReader(src))
	if err != nil { // nested too deeply
		return nil, fmt.Errorf("parse page: %w", err)
	}
	realBreaks(doc)
	base, err := url.Parse(strings.TrimSpace(pageURL))
	if err != nil || base.Host == "" {
		base = nil
	}
	m := readMeta(doc, base)
	p := &Page{
		Title: m.title, Author: m.author, Source: m.source, Language: m.language, URL: m.url,
		Published: m.published, Modified: m.modified,
	}
	if p.URL == "" {
		p.URL = strings.TrimSpace(pageURL)
	}
	p.Text = bodyText(doc, base, m)
	if p.Published.IsZero() {
		if t, rest := openingDay(p.Text); rest != "" {
			p.Published, p.Text = t, rest
		}
	}
	if p.Text == "" {
		return nil, fmt.Errorf("%w: if it is built by scripts in the browser, save it from there", ErrNoText)
	}
	return p, nil
}

// bodyText is the article's text: the main content, else the metadata's own copy of it, else the
// page's paragraphs, else all its text.
func bodyText(doc *html.Node, base *url.URL, m meta) string {
	var body []paragraph
	for p := range strings.SplitSeq(m.body, "\n\n") {
		if p != "" {
			body = append(body, paragraph{text: p})
		}
	}
	m.body = m.story(body)
	paragraphs := elementText(doc, "p")
	all := ""
	if body := find(doc, "body"); body != nil {
		all = blockText(body, m.title)
	}
	if countElements(doc, maxElements) < maxElements {
		removeFurniture(doc)
		parser := readability.NewParser()
		parser.DisableJSONLD = true // we read it ourselves
		// The parser changes doc, which is why the fallbacks are taken before.
		if a, err := parser.ParseAndMutate(doc, base); err == nil && a.Node != nil {
			if text := storyText(a.Node, m); text != "" {
				// Where a page breaks its article into several blocks, the parser may take but
				// one of them; the metadata's copy then is much longer.
				if len(m.body) > len(text)*3/2 {
					return m.body
				}
				return text
			}
		}
	}
	for _, text := range []string{m.body, paragraphs, all} {
		if text != "" {
			return text
		}
	}
	return ""
}

// storyText is the text under n without what is no part of the story.
func storyText(n *html.Node, m meta) string {
	var w paragraphs
	w.walk(n)
	w.end()
	return m.story(w.done)
}

// story is the text of paragraphs without what is no part of the story.
func (m *meta) story(all []paragraph) string {
	var names []string
	for _, n := range strings.Split(m.author, ", ") {
		names = append(names, strings.Split(n, " and ")...)
	}
	return strings.Join(story(all, names, m.titles, !m.published.IsZero()), "\n\n")
}

// decode gives the page as UTF-8, by its byte order mark, header or meta element. Bytes that are
// valid UTF-8 with more than ASCII in them are UTF-8 whatever the page claims: by chance alone text
// in another encoding is not.
func decode(page []byte, contentType string) ([]byte, error) {
	if utf8.Valid(page) && !ascii(page) {
		return bytes.TrimPrefix(page, []byte("\ufeff")), nil
	}
	enc, name, _ := charset.DetermineEncoding(page, contentType)
	if enc == nil || name == "utf-8" {
		return bytes.ToValidUTF8(page, []byte("\ufffd")), nil
	}
	out, err := enc.NewDecoder().Bytes(page)
	if err != nil {
		return nil, fmt.Errorf("decode page from %s: %w", name, err)
	}
	return bytes.TrimPrefix(out, []byte("\ufeff")), nil
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// binary names the kind of file that page is where it can't be a page; else "".
func binary(page []byte) string {
	for _, k := range []struct{ magic, kind string }{
		{"%PDF-", "a PDF: convert it to text first"},
		{"PK\x03\x04", "a ZIP archive: unpack it first"},
		{"\x1f\x8b", "gzip data: name it .gz, or unpack it first"},
		{"\x89PNG", "a PNG picture"},
		{"\xff\xd8\xff", "a JPEG picture"},
		{"GIF8", "a GIF picture"},
		{"\x7fELF", "a program"},
	} {
		if bytes.HasPrefix(page, []byte(k.magic)) {
			return k.kind
		}
	}
	utf16 := bytes.HasPrefix(page, []byte("\xff\xfe")) || bytes.HasPrefix(page, []byte("\xfe\xff"))
	if !utf16 && bytes.IndexByte(page[:min(len(page), 1024)], 0) >= 0 {
		return "binary data"
	}
	return ""
}

// Text is the text of a piece of HTML as feeds hold it: paragraphs separated by blank lines, white
// space collapsed, no markup. Nothing is judged to be the page's furniture.
func Text(fragment string) string {
	doc, err := html.Parse(strings.NewReader(strings.ToValidUTF8(fragment, "\ufffd")))
	if err != nil {
		return plain(fragment)
	}
	if body := find(doc, "body"); body != nil {
		return blockText(body, "")
	}
	return ""
}

// ToUTF8 transcodes a document by its byte order mark, the Content-Type header or a meta element;
// see decode.
func ToUTF8(page []byte, contentType string) ([]byte, error) { return decode(page, contentType) }

// JSONLD gives the articles of a JSON-LD document (schema.org NewsArticle and its kin), wherever in
// it they are, their articleBody as text. What an article lacks is empty.
func JSONLD(doc []byte) ([]*Page, error) {
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		return nil, fmt.Errorf("read JSON-LD: %w", err)
	}
	var out []*Page
	for _, m := range walkJSONLD(nil, v, 0) {
		out = append(out, &Page{
			Title: m.title, Text: m.body, Author: m.author, Source: m.source, Language: m.language, URL: absolute(nil, m.url),
			Published: m.published, Modified: m.modified,
		})
	}
	return out, nil
}
