package feed

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
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
