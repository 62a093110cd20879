package feed

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Result is what one poll of a feed came to.
type Result struct {
	URL string
	// Title is what the feed calls itself; empty until it has been read once.
	Title string
	// Time is when the poll began.
	Time time.Time
	// New counts items that are sent, PutOff those whose page failed and is tried again at a later
	// poll, Unchanged says that there was nothing new.
	New, PutOff int
	Unchanged   bool
	// Moved is the address that the feed has moved to for good, where that is news.
	Moved string
	// Err is why the poll failed, and Failures how many polls have failed one after the other.
	Err      error
	Failures int
	// Succeeded is the last poll that did not fail; zero where there was none.
	Succeeded time.Time
	// Took is how long the poll took, its pages included.
	Took time.Duration
}

// Outcome is "new", "unchanged" or "failed".
func (r Result) Outcome() string {
	switch {
	case r.Err != nil:
		return "failed"
	case r.New > 0:
		return "new"
	}
	return "unchanged"
}

// Summary is what all polls came to.
type Summary struct {
	// Polled counts polls; each is in New, Unchanged or Failed too.
	Polled, New, Unchanged int
	// Sent counts articles that were read, PutOff items for a later poll.
	Sent, PutOff int
	// Failed has the reason of each feed whose last poll failed.
	Failed map[string]string
}

// Summary is a snapshot. Safe at any time.
func (s *Source) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.summary
	out.Failed = maps.Clone(s.summary.Failed)
	return out
}

// String is such as "3 feeds polled: 1 with 20 articles, 1 unchanged, 1 failed".
func (s Summary) String() string {
	plural := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	parts := []string{fmt.Sprintf("%d with %s", s.New, plural(s.Sent, "article")), fmt.Sprintf("%d unchanged", s.Unchanged), fmt.Sprintf("%d failed", len(s.Failed))}
	if s.PutOff > 0 {
		parts = append(parts, plural(s.PutOff, "page")+" to try again")
	}
	return plural(s.Polled, "poll") + " of feeds: " + strings.Join(parts, ", ")
}

const (
	// batchMessages and batchBytes bound a batch.
	batchMessages = 32
	batchBytes    = 1 << 20
	// maxTries is at how many polls an item's page is asked for before the feed's own text does.
	maxTries = 3
	// renewAge is how old the memory of an item gets before its time is written anew.
	renewAge = 24 * time.Hour
)

// pollOnce polls f and updates it. It returns the last batch that was sent, if any: its commit ends
// the poll.
func (s *Source) pollOnce(f *Feed) (last *flight) {
	now, started := s.config.Now(), time.Now()
	r := Result{URL: f.URL, Time: now}
	if wait := f.NotBefore.Sub(now); wait > 0 {
		r.Err = fmt.Errorf("not asked: %w until %s", errLeftAlone, f.NotBefore.UTC().Format(time.RFC3339))
		s.report(r, f)
		return nil
	}
	ctx := s.ctx
	if f.Trusted {
		ctx = withTrust(ctx, privateHost(f.URL))
	}
	doc, got, err := s.fetchFeed(ctx, f)
	if s.ctx.Err() != nil {
		return nil
	}
	before := *f
	f.Polled = now
	if err != nil {
		s.failed(f, err)
		r.Err = err
	} else {
		f.Succeeded, f.Failures, f.Error, f.NotBefore, f.Gone = now, 0, "", time.Time{}, false
		f.Next = now.Add(jitter(s.interval(f)))
		if got.moved != "" && got.moved != f.Moved && got.moved != f.URL {
			f.Moved, r.Moved = got.moved, got.moved
		}
	}
	var c collected
	if doc != nil {
		f.Kind, f.Title = doc.kind, orString(doc.title, f.Title)
		c, err = s.collect(ctx, f, doc)
		switch {
		case s.ctx.Err() != nil:
			*f = before
			return c.last
		case err != nil: // the state can't be read: nothing is remembered of this poll
			*f = before
			r.Err = err
			s.report(r, f)
			return c.last
		case c.putOff == 0:
			f.ETag, f.LastModified = got.etag, got.lastModified
		default: // what is put off must be found again, so the feed is asked for whole
			f.ETag, f.LastModified = "", ""
		}
	}
	r.New, r.PutOff, r.Unchanged = c.sent, c.putOff, r.Err == nil && c.sent == 0
	rest := changes{feed: clone(f), seen: c.renewed, tried: c.tried}
	if c.current != nil { // what is remembered of the feed must not be stored before its articles
		c.current.changes.feed, c.current.changes.tried = rest.feed, rest.tried
		c.current.changes.seen = append(c.current.changes.seen, rest.seen...)
		if !s.send(c.current) {
			*f = before
			return c.current
		}
		c.last = c.current
	} else if err := s.config.State.apply(now, rest); err != nil {
		r.Err = err
	}
	r.Took = time.Since(started)
	s.report(r, f)
	return c.last
}

func clone(f *Feed) *Feed {
	out := *f
	return &out
}

func orString(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (s *Source) interval(f *Feed) time.Duration {
	if f.Interval > 0 {
		return f.Interval
	}
	return s.config.Interval
}

// jitter spreads polls by a tenth to each side, so that feeds which were added together don't stay
// so.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1) // #nosec G404 -- no secret depends on it
}

// failed notes why, and when to ask again: the wait doubles with each failure.
func (s *Source) failed(f *Feed, err error) {
	now := s.config.Now()
	f.Failures++
	f.Error = err.Error()
	wait := s.interval(f)
	for range min(f.Failures-1, 20) {
		if wait >= s.config.MaxBackoff {
			break
		}
		wait *= 2
	}
	f.Next = now.Add(jitter(min(wait, max(s.config.MaxBackoff, s.interval(f)))))
	f.Moved = "" // if it led astray, the first address is asked again
	var status *StatusError
	if errors.As(err, &status) {
		f.Gone = status.Code == http.StatusGone
		if status.RetryAfter > 0 {
			f.NotBefore = now.Add(status.RetryAfter)
		}
	}
}

// report tells the result of a poll of f, which is as the poll has left it.
func (s *Source) report(r Result, f *Feed) {
	r.Title, r.Failures, r.Succeeded = f.Title, f.Failures, f.Succeeded
	s.mu.Lock()
	s.summary.Polled++
	s.summary.PutOff += r.PutOff
	switch {
	case r.Err != nil:
		s.summary.Failed[r.URL] = r.Err.Error()
	case r.New > 0:
		s.summary.New++
		delete(s.summary.Failed, r.URL)
	default:
		s.summary.Unchanged++
		delete(s.summary.Failed, r.URL)
	}
	s.mu.Unlock()
	s.config.Notify(r)
}

const accept = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"

// fetchFeed asks for the feed; doc is nil where it is unchanged.
func (s *Source) fetchFeed(ctx context.Context, f *Feed) (*document, *answer, error) {
	q := question{
		url: orString(f.Moved, f.URL), etag: f.ETag, lastModified: f.LastModified,
		accept: accept, limit: s.config.MaxFeed, robots: true,
	}
	a, err := s.web.get(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	if a.unchanged {
		return nil, a, nil
	}
	doc, err := parse(a)
	if err != nil {
		return nil, nil, formError{err}
	}
	for _, at := range doc.maps {
		sub, err := s.web.get(ctx, question{url: at, accept: accept, limit: s.config.MaxFeed, robots: true})
		if err != nil {
			return nil, nil, fmt.Errorf("sitemap %s: %w", at, err)
		}
		one, err := parse(sub)
		if err != nil {
			return nil, nil, fmt.Errorf("sitemap %s: %w", at, formError{err})
		}
		doc.items = append(doc.items, one.items...)
		doc.title = orString(doc.title, one.title)
	}
	if len(doc.maps) > 0 { // the index may stay as it is while its sitemaps change
		a.etag, a.lastModified = "", ""
	}
	return doc, a, nil
}

// collected is what a poll found.
type collected struct {
	current *flight // not yet sent
	last    *flight // sent last
	sent    int
	putOff  int
	renewed []mark
	tried   [][]byte
}

// collect makes messages of the new items, and sends all full batches but the last.
func (s *Source) collect(ctx context.Context, f *Feed, doc *document) (c collected, err error) {
	items := distinctItems(f.URL, doc.items)
	keys := make([][]byte, len(items))
	for i := range items {
		keys[i] = items[i].key
	}
	known, err := s.config.State.recall(keys)
	if err != nil {
		return c, err
	}
	size := 0
	for i, it := range items {
		m := mark{it.key, it.fingerprint}
		if known[i].seen && known[i].fingerprint == it.fingerprint {
			if s.config.Now().Sub(known[i].at) > renewAge {
				c.renewed = append(c.renewed, m)
			}
			continue
		}
		msg, ok := s.message(ctx, f, doc, it, known[i].tries+1 >= maxTries)
		if s.ctx.Err() != nil {
			return c, nil
		}
		if !ok {
			c.putOff++
			c.tried = append(c.tried, it.key)
			continue
		}
		if c.current != nil && (len(c.current.messages) >= batchMessages || size >= batchBytes) {
			if !s.send(c.current) {
				return c, nil
			}
			c.last, c.current, size = c.current, nil, 0
		}
		if c.current == nil {
			c.current = &flight{done: make(chan struct{})}
		}
		c.current.messages = append(c.current.messages, msg)
		c.current.changes.seen = append(c.current.changes.seen, m)
		c.sent++
		size += len(msg.Value)
	}
	return c, nil
}

// knownItem is an item with what it is known by.
type knownItem struct {
	item
	key         []byte
	fingerprint uint64
	shared      bool // other items have the same link: it leads to no page of its own
}

// distinctItems gives each item its key: guid and link together, for either may be missing or shared
// by several; and where there is neither, its content. Of items that are the same the first counts.
func distinctItems(feedURL string, items []item) []knownItem {
	guids := map[string]map[string]bool{}
	for _, it := range items {
		if it.link != "" {
			if guids[it.link] == nil {
				guids[it.link] = map[string]bool{}
			}
			guids[it.link][it.guid] = true
		}
	}
	var out []knownItem
	seen := map[string]bool{}
	for _, it := range items {
		k := knownItem{item: it, shared: len(guids[it.link]) > 1}
		switch {
		case it.link != "":
			k.key = digest("link", it.link, it.guid)
		case it.guid != "":
			k.key = digest("guid", feedURL, it.guid)
		default:
			k.key = digest("content", feedURL, it.title, it.html)
		}
		parts := []string{it.title, it.published.UTC().String(), it.updated.UTC().String()}
		if it.published.IsZero() && it.updated.IsZero() {
			parts = append(parts, it.html)
		}
		k.fingerprint = binary.BigEndian.Uint64(digest(parts...))
		if !seen[string(k.key)] {
			seen[string(k.key)] = true
			out = append(out, k)
		}
	}
	return slices.Clip(out)
}

// digest is the first 128 bits of the SHA-256 of the parts.
func digest(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash's Write never fails
	}
	return h.Sum(nil)[:16]
}
