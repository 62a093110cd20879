package feed

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/clean"
	"golang.org/x/net/publicsuffix"
)

const (
	// fullText is how many bytes of text a feed's item must have to pass for the whole article.
	fullText = 1500
	// maxFuture is how far ahead of now a time may be: zones are often wrong by hours. What is
	// further ahead is no time at all, for it would keep later revisions out.
	maxFuture = 24 * time.Hour
)

// rawArticle is the message's value; see pipeline.Decode.
type rawArticle struct {
	ID        string    `json:"id,omitempty"`
	URL       string    `json:"url,omitempty"`
	Title     string    `json:"title,omitempty"`
	Source    string    `json:"source,omitempty"`
	Language  string    `json:"language,omitempty"`
	Published time.Time `json:"published,omitzero"`
	Modified  time.Time `json:"modified,omitzero"`
	Text      string    `json:"text"`
}

// message makes the item's message. It reports false where its page could not be had for now and is
// to be tried again, unless this is the last try: then the feed's own text, if any, is the article's,
// and else the message is a dead letter that says why.
func (s *Source) message(ctx context.Context, f *Feed, doc *document, it knownItem, lastTry bool) (pipeline.Message, bool) {
	text := clean.Text(it.html)
	a := rawArticle{
		URL: it.link, Title: it.title, Source: doc.title, Language: it.language, Text: text,
		Published: it.published, Modified: it.updated,
	}
	var pageErr error
	if it.link != "" && !it.shared && s.wantPage(text) {
		p, err := s.page(ctx, it.link)
		switch {
		case err == nil:
			a = withPage(a, p)
		case temporary(err) && !lastTry:
			return pipeline.Message{}, false
		case text == "":
			pageErr = fmt.Errorf("page %s: %w", it.link, err)
		}
	}
	// Without a page of its own an item is known by what the feed calls it.
	if it.link == "" || it.shared {
		a.ID = hex.EncodeToString(it.key)
	}
	now := s.config.Now()
	a.Published, a.Modified = past(a.Published, now), past(a.Modified, now)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	m := pipeline.Message{Format: pipeline.JSON, Origin: pipeline.Origin{Path: f.URL, Line: it.line}, Err: pageErr}
	if err := enc.Encode(a); err != nil { // a time out of JSON's range
		m.Err = fmt.Errorf("encode article: %w", err)
	}
	m.Value = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	return m, true
}

func (s *Source) wantPage(text string) bool {
	switch s.config.Pages {
	case PagesAlways:
		return true
	case PagesNever:
		return false
	}
	return len(text) < fullText
}

// past is t, but zero where it is in the future or nonsense.
func past(t, now time.Time) time.Time {
	if t.After(now.Add(maxFuture)) || t.Year() < 1900 {
		return time.Time{}
	}
	return t
}

// page fetches and cleans an item's page.
func (s *Source) page(ctx context.Context, link string) (*clean.Page, error) {
	a, err := s.web.get(ctx, question{url: link, accept: "text/html, application/xhtml+xml;q=0.9, */*;q=0.5", limit: s.config.MaxPage, robots: true})
	if err != nil {
		return nil, err
	}
	p, err := clean.Parse(a.body, a.contentType, a.url)
	if err != nil {
		return nil, permanentError{err}
	}
	return p, nil
}

// permanentError is of a page that another try gives no better.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// withPage takes from the page what it knows better than the feed: all but where it says nothing.
func withPage(a rawArticle, p *clean.Page) rawArticle {
	// A page that holds less than the feed is a teaser, a consent or a log-in.
	if len(p.Text) > len(a.Text)/2 {
		a.Text = p.Text
	}
	a.URL = cmp.Or(canonical(p.URL, a.URL), a.URL)
	a.Title = cmp.Or(strings.TrimSpace(p.Title), a.Title)
	a.Source = cmp.Or(p.Source, a.Source)
	a.Language = cmp.Or(p.Language, a.Language)
	if !p.Published.IsZero() {
		a.Published = p.Published
	}
	if p.Modified.After(a.Modified) {
		a.Modified = p.Modified
	}
	return a
}

// canonical is the address that a page gives itself, unless that is of another site, whose articles
// are not for it to replace, or a front page, which careless templates put on every page.
func canonical(self, link string) string {
	u, err := url.Parse(self)
	if err != nil || strings.Trim(u.Path, "/") == "" && u.RawQuery == "" {
		return link
	}
	from, err := url.Parse(link)
	if err != nil || site(u) != site(from) {
		return link
	}
	return self
}

// site is the domain that was registered, else the host.
func site(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}
