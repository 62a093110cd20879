package clean

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// meta is what a page says of itself.
type meta struct {
	title, author, source, language, url, body string
	published, modified                        time.Time
}

// readMeta reads JSON-LD, OpenGraph and other meta elements, <title> and <h1>, in this order of
// trust.
func readMeta(doc *html.Node, base *url.URL) meta {
	tags := gather(doc)
	var ld meta
	for _, s := range tags.jsonLD {
		readJSONLD(s, &ld)
	}
	m := meta{
		title: first(ld.title, tags.meta["og:title"], tags.meta["twitter:title"], tags.meta["dc.title"],
			tags.meta["parsely-title"], tags.h1, withoutSite(tags.title)),
		author: first(ld.author, tags.meta["author"], tags.meta["article:author"], tags.meta["parsely-author"],
			tags.meta["dc.creator"], tags.meta["byl"]),
		source:   first(tags.meta["og:site_name"], ld.source, tags.meta["application-name"], tags.meta["publisher"]),
		language: first(tags.lang, ld.language, strings.ReplaceAll(tags.meta["og:locale"], "_", "-"), tags.meta["content-language"]),
		body:     ld.body,
	}
	m.title = withoutSuffix(m.title, m.source, tags.meta["og:site_name"], ld.source)
	if strings.HasPrefix(m.author, "http") { // Facebook's article:author is a profile's address
		m.author = ""
	}
	m.url = absolute(base, cmp.Or(tags.canonical, tags.meta["og:url"], ld.url))
	m.published = firstTime(ld.published, tags.meta, "article:published_time", "article:published", "og:published_time",
		"datepublished", "parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.created", "dc.date",
		"pubdate", "publishdate", "publish-date", "date", "cxenseparse:recs:publishtime")
	if m.published.IsZero() {
		m.published = readTime(tags.timeElement)
	}
	m.modified = firstTime(ld.modified, tags.meta, "article:modified_time", "article:modified", "og:updated_time",
		"datemodified", "dcterms.modified", "last-modified", "lastmod")
	return m
}

// tags are the elements of a page that have metadata. Of each kind the first counts.
type tags struct {
	meta                       map[string]string
	jsonLD                     []string
	title, h1, lang, canonical string
	timeElement                string
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
					if key != "" && content != "" && t.meta[key] == "" {
						t.meta[key] = content
					}
				}
			case atom.Title:
				if t.title == "" && n.FirstChild != nil && (n.Parent == nil || n.Parent.DataAtom == atom.Head) {
					t.title = blockText(n, "")
				}
			case atom.H1:
				if t.h1 == "" {
					t.h1 = blockText(n, "")
				}
			case atom.Link:
				if t.canonical == "" && strings.EqualFold(attr(n, "rel"), "canonical") {
					t.canonical = strings.TrimSpace(attr(n, "href"))
				}
			case atom.Time:
				if t.timeElement == "" {
					t.timeElement = attr(n, "datetime")
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

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

// readJSONLD fills what m lacks from a schema.org article, wherever in the value it is. Broken JSON
// is passed over: the page has other metadata.
func readJSONLD(s string, m *meta) {
	var v any
	s = strings.TrimSpace(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<!--"), "-->")
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		// Raw line breaks in strings are the common fault.
		if err := json.Unmarshal([]byte(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(s)), &v); err != nil {
			return
		}
	}
	walkJSONLD(v, m, 0)
}

func walkJSONLD(v any, m *meta, depth int) {
	if depth > 8 {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walkJSONLD(e, m, depth+1)
		}
	case map[string]any:
		if isArticle(v["@type"]) {
			m.title = first(m.title, plain(text(v["headline"])), plain(text(v["name"])))
			m.author = first(m.author, names(v["author"]))
			m.source = first(m.source, names(v["publisher"]))
			m.language = first(m.language, text(v["inLanguage"]))
			m.url = cmp.Or(m.url, text(v["url"]), text(v["mainEntityOfPage"]))
			m.body = cmp.Or(m.body, articleBody(text(v["articleBody"])))
			if m.published.IsZero() {
				m.published = readTime(text(v["datePublished"]))
			}
			if m.modified.IsZero() {
				m.modified = readTime(text(v["dateModified"]))
			}
			return
		}
		for _, k := range []string{"@graph", "mainEntity", "mainEntityOfPage"} {
			walkJSONLD(v[k], m, depth+1)
		}
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
		if p := plain(line); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n\n")
}

// withoutSuffix drops one of the names from a title's end, with what joins it.
func withoutSuffix(title string, names ...string) string {
	for _, sep := range separators {
		if i := strings.LastIndex(title, sep); i > 0 {
			for _, name := range names {
				if name != "" && sameWords(title[i:], name) {
					return title[:i]
				}
			}
		}
	}
	return title
}

// separators stand between a headline and the site's name.
var separators = []string{" | ", " — ", " – ", " - ", " :: ", " * ", " • "}

// withoutSite drops the site's name from a <title>: "Headline | The Paper", "Headline - The Paper".
func withoutSite(title string) string {
	for _, sep := range separators {
		if i := strings.LastIndex(title, sep); i > 0 && len(strings.Fields(title[:i])) >= 3 {
			return title[:i]
		}
	}
	return title
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
	time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05",
	"2006-01-02T15:04:05.999Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05",
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
