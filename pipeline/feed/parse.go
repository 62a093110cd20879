package feed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/datelinenews/dateline/pipeline/clean"
	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// ErrNotFeed is wrapped where an answer is no feed.
var ErrNotFeed = errors.New("it is no feed")

// ErrTooDeep is wrapped where a feed's elements are nested too deeply.
var ErrTooDeep = errors.New("it is nested too deeply")

// item is one entry of a feed.
type item struct {
	guid, link, title  string
	html               string // what the feed has of the text, all or a summary
	language           string
	published, updated time.Time
	line               int // its place in the feed, from 1
}

// document is a parsed feed.
type document struct {
	kind, title, language string
	items                 []item
	maps                  []string // a sitemap index's sitemaps, newest first
}

// parse reads a feed of any form. Entities that a DTD defines are not expanded and external ones not
// fetched: encoding/xml knows neither.
func parse(a *answer) (doc *document, err error) {
	defer func() {
		if v := recover(); v != nil { // one broken feed must not end the others
			doc, err = nil, fmt.Errorf("parse feed: panic: %v", v)
		}
	}()
	if len(bytes.TrimSpace(a.body)) == 0 {
		return nil, fmt.Errorf("%w: the answer is empty", ErrNotFeed)
	}
	body := toUTF8(a.body, a.contentType)
	base, err := url.Parse(a.url)
	if err != nil {
		return nil, fmt.Errorf("parse feed's address: %w", err)
	}
	root := rootElement(body)
	if root == "html" {
		return nil, notFeed(body, base)
	}
	if err := checkDepth(body); err != nil {
		return nil, err
	}
	if root == "urlset" || root == "sitemapindex" {
		return parseSitemap(body, base)
	}
	f, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil {
		if mended := mendJSON(body); mended != nil {
			f, err = gofeed.NewParser().Parse(bytes.NewReader(mended))
		}
	}
	switch {
	case errors.Is(err, gofeed.ErrFeedTypeNotDetected):
		return nil, fmt.Errorf("%w: it begins with %q", ErrNotFeed, beginning(body))
	case err != nil:
		return nil, fmt.Errorf("parse feed: %w", err)
	case f.FeedType == "json" && !strings.Contains(f.FeedVersion, "jsonfeed.org") && len(f.Items) == 0:
		return nil, fmt.Errorf("%w: it is JSON of another kind", ErrNotFeed)
	}
	doc = &document{kind: strings.TrimSpace(f.FeedType + " " + f.FeedVersion), title: line(f.Title), language: f.Language}
	for i, it := range f.Items {
		one := item{
			guid: strings.TrimSpace(it.GUID), link: resolve(base, cmp.Or(it.Link, permalink(it.GUID))), title: line(it.Title),
			html: it.Content, language: f.Language, line: i + 1,
		}
		// The longer is the text where both are there; some feeds swap them.
		if len(it.Description) > len(one.html) {
			one.html = it.Description
		}
		if it.PublishedParsed != nil {
			one.published = *it.PublishedParsed
		}
		if it.UpdatedParsed != nil {
			one.updated = *it.UpdatedParsed
		}
		doc.items = append(doc.items, one)
	}
	return doc, nil
}

// mostMended bounds the items that are looked at one by one.
const mostMended = 10_000

// mendJSON puts an empty item in the place of each of a JSON Feed that can't be read, so that one bad item, of
// which a dead letter then tells, does not cost the others; nil where that does not help.
func mendJSON(body []byte) []byte {
	var feed map[string]json.RawMessage
	var items []json.RawMessage
	if json.Unmarshal(body, &feed) != nil || json.Unmarshal(feed["items"], &items) != nil || len(items) > mostMended {
		return nil
	}
	alone := map[string]json.RawMessage{"version": json.RawMessage(`"https://jsonfeed.org/version/1.1"`)}
	for i, it := range items {
		alone["items"] = slices.Concat([]byte("["), it, []byte("]"))
		b, err := json.Marshal(alone)
		if err != nil {
			return nil
		}
		if _, err := gofeed.NewParser().Parse(bytes.NewReader(b)); err != nil {
			items[i] = json.RawMessage("{}")
		}
	}
	b, err := json.Marshal(items)
	if err != nil {
		return nil
	}
	feed["items"] = b
	if b, err = json.Marshal(feed); err != nil {
		return nil
	}
	return b
}

// maxDepth is how deeply a feed's elements may be in one another. Feeds have some ten; those whose text is
// HTML with unclosed tags, and not marked as such, have more.
const maxDepth = 5000

// checkDepth refuses XML that is nested too deeply: gofeed goes down element by element, and a stack that
// overflows ends the process.
func checkDepth(b []byte) error {
	if bytes.Count(b, []byte("<")) <= maxDepth || bytes.TrimSpace(b)[0] == '{' { // its JSON has a bound of its own
		return nil
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false // as gofeed has it
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 already
	for depth := 0; ; {
		tok, err := d.Token()
		if err != nil {
			return nil // gofeed says what is wrong
		}
		switch tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fmt.Errorf("parse feed: %w: its elements are nested more than %d deep at byte %d: the publisher must mend it", ErrTooDeep, maxDepth, d.InputOffset())
			}
		case xml.EndElement:
			depth--
		}
	}
}

// permalink is a guid that is an address, which it is by default in RSS.
func permalink(guid string) string {
	if strings.HasPrefix(guid, "https://") || strings.HasPrefix(guid, "http://") {
		return guid
	}
	return ""
}

// resolve makes a link absolute; what leads to no page of the web is empty.
func resolve(base *url.URL, link string) string {
	link = strings.TrimSpace(link)
	u, err := base.Parse(link)
	if link == "" || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.String()
}

// line is a title as one line of plain text. Markup in it is rare, and a "<" alone is no markup.
func line(s string) string {
	if tag.MatchString(s) {
		return strings.Join(strings.Fields(clean.Text(s)), " ")
	}
	return strings.Join(strings.Fields(html.UnescapeString(s)), " ")
}

var tag = regexp.MustCompile(`(?i)</?(a|b|i|em|strong|span|p|br|sub|sup|font|u|q|cite)\b[^<>]*>`)

// beginning quotes how a document begins.
func beginning(b []byte) string {
	b = bytes.TrimSpace(b)
	n := min(len(b), 40)
	for n > 0 && n < len(b) && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(b[:n])
}

var root = regexp.MustCompile(`^(?s:\s|<\?.*?\?>|<!--.*?-->|<![^>\[]*(?:\[.*?\]\s*)?>)*<(?:[\w.-]+:)?([\w.-]+)`)

// rootElement is the local name of the document's first element, in lower case; "" where it doesn't
// begin as XML or HTML does.
func rootElement(b []byte) string {
	m := root.FindSubmatch(b[:min(len(b), 16<<10)])
	if m == nil {
		return ""
	}
	switch name := strings.ToLower(string(m[1])); name {
	case "head", "body", "script", "div", "title", "meta":
		return "html"
	default:
		return name
	}
}

// notFeed says of a web page which feeds it names, if any.
func notFeed(body []byte, base *url.URL) error {
	if found := alternates(body, base); len(found) > 0 {
		return fmt.Errorf("%w: it is a web page, whose feed is %s", ErrNotFeed, strings.Join(found, " or "))
	}
	return fmt.Errorf("%w: it is a web page", ErrNotFeed)
}

// alternates are the feeds that a page names in <link rel="alternate">.
func alternates(page []byte, base *url.URL) []string {
	const most = 3
	var found []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for len(found) < most {
		switch z.Next() {
		case html.ErrorToken:
			return found
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data != "link" {
				continue
			}
			attr := map[string]string{}
			for _, a := range t.Attr {
				attr[a.Key] = a.Val
			}
			kind, _, _ := mime.ParseMediaType(attr["type"])
			switch kind {
			case "application/rss+xml", "application/atom+xml", "application/feed+json":
				if u := resolve(base, attr["href"]); u != "" && strings.EqualFold(attr["rel"], "alternate") {
					found = append(found, u)
				}
			}
		}
	}
	return found
}

var declaration = regexp.MustCompile(`^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']`)

// toUTF8 transcodes a feed: by its byte order mark; as it is, where it is valid UTF-8, whatever it
// claims; by the header (RFC 7303); by the XML declaration; else as Windows-1252.
func toUTF8(b []byte, contentType string) []byte {
	if b, found := bytes.CutPrefix(b, []byte("\ufeff")); found {
		return declareUTF8(bytes.ToValidUTF8(b, []byte("\ufffd")))
	}
	labels := []string{}
	if bytes.HasPrefix(b, []byte("\xff\xfe")) {
		labels = append(labels, "utf-16le")
	} else if bytes.HasPrefix(b, []byte("\xfe\xff")) {
		labels = append(labels, "utf-16be")
	} else if utf8.Valid(b) && bytes.IndexByte(b, 0x1b) < 0 && bytes.IndexByte(b, 0) < 0 {
		return declareUTF8(b)
	}
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		labels = append(labels, params["charset"])
	}
	if m := declaration.FindSubmatch(b[:min(len(b), 512)]); m != nil {
		labels = append(labels, string(m[1]))
	}
	if !multibyte(b) {
		labels = append(labels, "windows-1252")
	}
	for _, label := range labels {
		enc, name := charset.Lookup(label)
		if enc == nil || name == "utf-8" {
			continue
		}
		if out, err := enc.NewDecoder().Bytes(b); err == nil {
			return declareUTF8(bytes.ToValidUTF8(bytes.TrimPrefix(out, []byte("\ufeff")), []byte("\ufffd")))
		}
	}
	return declareUTF8(bytes.ToValidUTF8(b, []byte("\ufffd")))
}

// multibyte reports whether there is a character of UTF-8 beyond ASCII in b: then b is UTF-8 with
// faults.
func multibyte(b []byte) bool {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r != utf8.RuneError && n > 1 {
			return true
		}
		i += n
	}
	return false
}

// declareUTF8 makes the XML declaration say what the bytes now are.
func declareUTF8(b []byte) []byte {
	m := declaration.FindSubmatchIndex(b[:min(len(b), 512)])
	if m == nil {
		return b
	}
	return bytes.Join([][]byte{b[:m[2]], []byte("utf-8"), b[m[3]:]}, nil)
}
