package clean

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// meta is what a page says of itself.
type meta struct {
	title, author, source, language, url, body string
	published, modified                        time.Time
	titles                                     []string // all that the page calls the article
}

// readMeta reads JSON-LD, OpenGraph and other meta elements, <title> and <h1>, in this order of
// trust.
func readMeta(doc *html.Node, base *url.URL) meta {
	tags := gather(doc)
	ld := tags.article()
	m := meta{
		author: first(ld.author, tags.meta["author"], tags.meta["article:author"], tags.meta["parsely-author"],
			tags.meta["dc.creator"], tags.meta["byl"]),
		source:   first(tags.meta["og:site_name"], ld.source, tags.meta["application-name"], tags.meta["publisher"]),
		language: first(tags.lang, ld.language, strings.ReplaceAll(tags.meta["og:locale"], "_", "-"), tags.meta["content-language"]),
		body:     ld.body,
	}
	// A site's name is often a slug in OpenGraph, and as people write it in JSON-LD.
	if ld.source != "" && sameWords(m.source, ld.source) && capitals(ld.source) > capitals(m.source) {
		m.source = ld.source
	}
	if strings.HasPrefix(m.author, "http") { // Facebook's article:author is a profile's address
		m.author = ""
	}
	m.url = absolute(base, cmp.Or(tags.canonical, tags.meta["og:url"], ld.url))
	m.published = firstTime(ld.published, tags.meta, "article:published_time", "article:published", "og:published_time",
		"datepublished", "parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.created", "dc.date",
		"pubdate", "publishdate", "publish-date", "date", "cxenseparse:recs:publishtime")
	if m.published.IsZero() {
		m.published = tags.publishedTime()
	}
	if m.published.IsZero() {
		m.published = dayOf(m.url)
	}
	from := ""
	for _, address := range []string{m.url, absolute(base, tags.meta["og:url"]), absolute(base, ".")} {
		if from == "" {
			from = titleFrom(address, m.published)
		}
	}
	m.title = headline(tags, ld, m.source, tags.usual(from, ld))
	m.titles = append([]string{m.title, ld.title, first(tags.meta["og:title"]), withoutSite(first(tags.title))}, tags.h1...)
	m.modified = firstTime(ld.modified, tags.meta, "article:modified_time", "article:modified", "og:updated_time",
		"datemodified", "dcterms.modified", "last-modified", "lastmod")
	return m
}

// tags are the elements of a page that have metadata. Of each kind the first counts.
type tags struct {
	meta                   map[string]string
	jsonLD                 []string
	h1                     []string
	title, lang, canonical string
	times                  []timeElement
}

func gather(doc *html.Node) tags {
	t := tags{meta: map[string]string{}}
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		if n.Type == html.ElementNode {
			switch n.DataAtom {
			case atom.Html:
				t.lang = attr(n, "lang")
			case atom.Meta:
				content := strings.TrimSpace(attr(n, "content"))
				for _, k := range []string{"property", "name", "itemprop", "http-equiv"} {
					key := strings.ToLower(strings.TrimSpace(attr(n, k)))
					if key == "" || content == "" {
						continue
					}
					if class := attr(n, "class"); class != "" { // Swiftype's has names of its own
						if own := strings.ToLower(class) + ":" + key; t.meta[own] == "" {
							t.meta[own] = content
						}
					}
					if t.meta[key] == "" {
						t.meta[key] = content
					}
				}
			case atom.Title:
				if t.title == "" && n.FirstChild != nil && (n.Parent == nil || n.Parent.DataAtom == atom.Head) {
					t.title = blockText(n, "")
				}
			case atom.H1:
				if s := strings.ReplaceAll(blockText(n, ""), "\n\n", " "); s != "" && len(t.h1) < 32 {
					t.h1 = append(t.h1, s)
				}
			case atom.Link:
				if t.canonical == "" && strings.EqualFold(attr(n, "rel"), "canonical") {
					t.canonical = strings.TrimSpace(attr(n, "href"))
				}
			case atom.Time:
				if at := readTime(attr(n, "datetime")); !at.IsZero() && len(t.times) < 64 {
					name := strings.ToLower(attr(n, "itemprop") + " " + attr(n, "class"))
					_, marked := attribute(n, "pubdate")
					t.times = append(t.times, timeElement{at, marked || strings.Contains(name, "publish")})
				}
			case atom.Script:
				if n.FirstChild != nil && strings.HasPrefix(strings.ToLower(attr(n, "type")), "application/ld+json") {
					t.jsonLD = append(t.jsonLD, n.FirstChild.Data)
				}
				return
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	visit(doc)
	return t
}

// timeElement is a <time> that can be read.
type timeElement struct {
	at        time.Time
	published bool // it says that it is the time of publication
}

// publishedTime is the time of the first <time> that says that it is the article's, else of the first.
func (t *tags) publishedTime() time.Time {
	for _, e := range t.times {
		if e.published {
			return e.at
		}
	}
	if len(t.times) > 0 {
		return t.times[0].at
	}
	return time.Time{}
}

var dayInPath = regexp.MustCompile(`/((?:19|20)\d\d)[/-](\d{1,2}|[a-z]{3})[/-](\d{1,2})(?:/|-|$)`)

// dayOf is the day that an article's address names: /2025/03/04/bridge, /2025/mar/04/bridge.
func dayOf(address string) time.Time {
	m := dayInPath.FindStringSubmatch(address)
	if m == nil {
		return time.Time{}
	}
	for _, layout := range []string{"2006-1-2", "2006-Jan-2"} {
		if t, err := time.Parse(layout, strings.Join(m[1:], "-")); err == nil {
			return t
		}
	}
	return time.Time{}
}

func attr(n *html.Node, key string) string {
	v, _ := attribute(n, key)
	return v
}

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val, true
		}
	}
	return "", false
}

// article is what JSON-LD says of the page's article. Pages may also describe those that they link
// to: what has the page's address is its own, else what has its headline, else the first.
func (t *tags) article() meta {
	var all []meta
	for _, s := range t.jsonLD {
		all = append(all, readJSONLD(s)...)
	}
	if len(all) == 0 {
		return meta{}
	}
	own := -1
	for i, a := range all {
		if a.url != "" && (samePage(a.url, t.canonical) || samePage(a.url, t.meta["og:url"])) {
			own = i
			break
		}
	}
	for i := 0; own < 0 && i < len(all); i++ {
		for _, s := range append([]string{t.meta["og:title"], t.title}, t.h1...) {
			if begins(s, all[i].title) {
				own = i
			}
		}
	}
	m := all[max(own, 0)]
	for _, a := range all { // the same article may be described in several pieces
		if a.title == "" || a.title == m.title || a.url != "" && samePage(a.url, m.url) {
			m = m.with(a)
		}
	}
	return m
}

// samePage reports whether two addresses are of one page.
func samePage(a, b string) bool {
	page := func(s string) string {
		s, _, _ = strings.Cut(s, "#")
		_, s, _ = strings.Cut(s, "://")
		return strings.TrimSuffix(strings.TrimPrefix(s, "www."), "/")
	}
	return page(a) != "" && page(a) == page(b)
}

// with is m with what it lacks from a.
func (m meta) with(a meta) meta {
	m.title, m.author, m.source = cmp.Or(m.title, a.title), cmp.Or(m.author, a.author), cmp.Or(m.source, a.source)
	m.language, m.url, m.body = cmp.Or(m.language, a.language), cmp.Or(m.url, a.url), cmp.Or(m.body, a.body)
	if m.published.IsZero() {
		m.published = a.published
	}
	if m.modified.IsZero() {
		m.modified = a.modified
	}
	return m
}

// readJSONLD gives the schema.org articles of a value, wherever in it they are. Broken JSON is passed
// over: the page has other metadata.
func readJSONLD(s string) []meta {
	var v any
	s = strings.TrimSpace(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<!--"), "-->")
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		// Raw line breaks in strings are the common fault.
		if err := json.Unmarshal([]byte(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(s)), &v); err != nil {
			return nil
		}
	}
	return walkJSONLD(nil, v, 0)
}

// maxArticles bounds how many articles of a page's JSON-LD are looked at.
const maxArticles = 256

func walkJSONLD(all []meta, v any, depth int) []meta {
	if depth > 8 || len(all) >= maxArticles {
		return all
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			all = walkJSONLD(all, e, depth+1)
		}
	case map[string]any:
		if isArticle(v["@type"]) {
			return append(all, ldArticle(v))
		}
		for _, k := range []string{"@graph", "mainEntity", "mainEntityOfPage"} {
			all = walkJSONLD(all, v[k], depth+1)
		}
	}
	return all
}

// ldArticle reads a schema.org article.
func ldArticle(v map[string]any) meta {
	return meta{
		title: first(text(v["headline"]), text(v["name"])), author: first(names(v["author"])), source: first(names(v["publisher"])),
		language: first(text(v["inLanguage"])), url: cmp.Or(text(v["url"]), text(v["mainEntityOfPage"])),
		body: articleBody(text(v["articleBody"])), published: readTime(text(v["datePublished"])), modified: readTime(text(v["dateModified"])),
	}
}

// isArticle reports whether a schema.org type is a written article.
func isArticle(v any) bool {
	switch v := v.(type) {
	case string:
		v = v[strings.LastIndexByte(v, '/')+1:]
		return strings.HasSuffix(v, "Article") || strings.HasSuffix(v, "BlogPosting") || v == "Report"
	case []any:
		for _, e := range v {
			if isArticle(e) {
				return true
			}
		}
	}
	return false
}

// text is v where it is a string, or its @id, @value or name.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case map[string]any:
		for _, k := range []string{"@value", "@id", "name"} {
			if s, ok := v[k].(string); ok {
				return strings.TrimSpace(s)
			}
		}
	case []any:
		if len(v) > 0 {
			return text(v[0])
		}
	}
	return ""
}

// names are the names of a person or organisation, or of a list of them.
func names(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case map[string]any:
		if s := names(v["name"]); s != "" {
			return s
		}
	case []any:
		var all []string
		for _, e := range v {
			if s := names(e); s != "" {
				all = append(all, s)
			}
		}
		return strings.Join(all, ", ")
	}
	return ""
}

// plain decodes entities, which some publishers leave in JSON-LD, and collapses white space.
func plain(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(s)), " ")
}

// articleBody is the text of a JSON-LD articleBody, which may be HTML or lines.
func articleBody(s string) string {
	if strings.Contains(s, "</p>") {
		if doc, err := html.Parse(strings.NewReader(s)); err == nil {
			return blockText(doc, "")
		}
	}
	var out []string
	for line := range strings.Lines(s) {
		if p := plain(unmarked(line)); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n\n")
}

var (
	markdownLink   = regexp.MustCompile(`!?\[([^\[\]]*)\]\([^()\s]*(?:\s"[^"]*")?\)`)
	markdownExtra  = regexp.MustCompile(`\[#[a-z]+: [^\]]*\](?:\|{3}[^|]*\|{3})?|\{: [^}]*\}|^\s*\+\+\+[\w-]*`)
	markdownStrong = regexp.MustCompile(`\*\*(\S(?:[^*]*\S)?)\*\*|\*(\S(?:[^*]*\S)?)\*`)
)

// unmarked is a line without the marks of Markdown, which some publishers write articleBody in.
func unmarked(s string) string {
	if !strings.ContainsAny(s, "[{+*") {
		return s
	}
	s = markdownExtra.ReplaceAllString(s, "")
	s = markdownLink.ReplaceAllString(s, "$1")
	return markdownStrong.ReplaceAllString(s, "$1$2")
}

// capitals counts the words of a name that begin with a capital.
func capitals(s string) int {
	n := 0
	for _, w := range strings.Fields(s) {
		if r, _ := utf8.DecodeRuneInString(w); unicode.IsUpper(r) {
			n++
		}
	}
	return n
}

func absolute(base *url.URL, ref string) string {
	u, err := url.Parse(ref)
	if err != nil || ref == "" {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.String()
}

// first is the first value that is not blank, with entities decoded and white space collapsed.
func first(values ...string) string {
	for _, v := range values {
		if v = plain(v); v != "" {
			return v
		}
	}
	return ""
}

func firstTime(t time.Time, values map[string]string, keys ...string) time.Time {
	for _, k := range keys {
		if !t.IsZero() {
			break
		}
		t = readTime(values[k])
	}
	return t
}

// timeLayouts are the forms that pages use, most common first. Where no zone is given it is UTC.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04:05",
	"2006-01-02T15:04:05.999Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05",
	"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "20060102", "2006/01/02 15:04:05", "2006/01/02",
	time.RFC1123Z, time.RFC1123, "Mon Jan 2 2006 15:04:05 GMT-0700", "January 2, 2006 3:04 PM", "January 2, 2006", "2 January 2006", "Jan 2, 2006",
}

// readTime reads a time, zero where it is none.
func readTime(s string) time.Time {
	s = strings.TrimSpace(s)
	if i := strings.Index(s, " ("); i > 0 { // "(Coordinated Universal Time)"
		s = s[:i]
	}
	if s == "" || len(s) > 64 {
		return time.Time{}
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1900 {
			if _, err := t.MarshalText(); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}
