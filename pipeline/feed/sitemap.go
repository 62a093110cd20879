package feed

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

const (
	// maxSitemapItems is how many addresses of one sitemap are taken, the newest: archives list
	// 50,000, and news sitemaps at most 1,000 of the last two days.
	maxSitemapItems = 1000
	// maxSitemaps is how many sitemaps of an index are read at a poll, the newest.
	maxSitemaps = 20
)

// parseSitemap reads a sitemap, with Google's news extension, or an index of sitemaps
// (sitemaps.org, protocol 0.9).
func parseSitemap(body []byte, base *url.URL) (*document, error) {
	var x struct {
		URLs []struct {
			Loc     string `xml:"loc"`
			LastMod string `xml:"lastmod"`
			News    struct {
				Title       string `xml:"title"`
				Date        string `xml:"publication_date"`
				Publication struct {
					Name     string `xml:"name"`
					Language string `xml:"language"`
				} `xml:"publication"`
			} `xml:"news"`
		} `xml:"url"`
		Maps []struct {
			Loc     string `xml:"loc"`
			LastMod string `xml:"lastmod"`
		} `xml:"sitemap"`
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = false
	d.Entity = xml.HTMLEntity
	if err := d.Decode(&x); err != nil {
		return nil, fmt.Errorf("parse sitemap: %w", err)
	}
	doc := &document{kind: "sitemap"}
	for i, u := range x.URLs {
		it := item{link: resolve(base, u.Loc), title: line(u.News.Title), language: u.News.Publication.Language, line: i + 1}
		if it.link == "" {
			continue
		}
		it.published, _ = pipeline.ParseTime(u.News.Date)
		it.updated, _ = pipeline.ParseTime(u.LastMod)
		if u.News.Title != "" {
			doc.kind = "news sitemap"
		}
		doc.title = cmp.Or(doc.title, line(u.News.Publication.Name))
		doc.items = append(doc.items, it)
	}
	if len(doc.items) > maxSitemapItems {
		slices.SortStableFunc(doc.items, func(a, b item) int { return b.time().Compare(a.time()) })
		doc.items = doc.items[:maxSitemapItems]
	}
	type child struct {
		loc string
		at  time.Time
	}
	var children []child
	for _, m := range x.Maps {
		at, _ := pipeline.ParseTime(m.LastMod)
		if loc := resolve(base, m.Loc); loc != "" {
			children = append(children, child{loc, at})
		}
	}
	slices.SortStableFunc(children, func(a, b child) int { return b.at.Compare(a.at) })
	for _, c := range children[:min(len(children), maxSitemaps)] {
		doc.maps = append(doc.maps, c.loc)
		doc.kind = "sitemap index"
	}
	return doc, nil
}

// time is when the item last changed, as far as the feed says.
func (it *item) time() time.Time {
	if it.updated.After(it.published) {
		return it.updated
	}
	return it.published
}

// OPML reads the feeds of a list as other readers export it (OPML 1.0 to 2.0), in its order and
// each once, folders flattened.
func OPML(b []byte) ([]Feed, error) {
	type outline struct {
		XMLURL   string    `xml:"xmlUrl,attr"`
		Title    string    `xml:"title,attr"`
		Text     string    `xml:"text,attr"`
		Outlines []outline `xml:"outline"`
	}
	var x struct {
		XMLName  xml.Name  `xml:"opml"`
		Outlines []outline `xml:"body>outline"`
	}
	d := xml.NewDecoder(bytes.NewReader(toUTF8(b, "")))
	d.Strict = false
	d.Entity = xml.HTMLEntity
	if err := d.Decode(&x); err != nil {
		return nil, fmt.Errorf("parse OPML: %w", err)
	}
	var feeds []Feed
	seen := map[string]bool{}
	var walk func([]outline)
	walk = func(all []outline) {
		for _, o := range all {
			if u := strings.TrimSpace(o.XMLURL); u != "" && !seen[u] {
				seen[u] = true
				feeds = append(feeds, Feed{URL: u, Title: line(cmp.Or(o.Title, o.Text))})
			}
			walk(o.Outlines)
		}
	}
	walk(x.Outlines)
	if len(feeds) == 0 {
		return nil, fmt.Errorf("parse OPML: it names no feeds: want outlines with xmlUrl")
	}
	return feeds, nil
}
