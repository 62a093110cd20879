package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/datelinenews/dateline/pipeline/clean"
)

// Checked is what a feed is like now.
type Checked struct {
	URL string
	// Kind is its form, such as "rss 2.0"; Title what it calls itself.
	Kind, Title string
	// Items counts its items, Whole those whose text passes for the whole article's, Dated those
	// that have a time.
	Items, Whole, Dated int
	// Newest is the time of its newest item; zero where none has one.
	Newest time.Time
	// Moved is where it has moved to for good.
	Moved string
	// Validators says that it answers conditional requests, so that polls are cheap.
	Validators bool
	Took       time.Duration
	Err        error
}

// Check asks for each feed once, under all of the config's limits, and remembers nothing. It tells
// done of each, from several goroutines, in no order.
func Check(ctx context.Context, c Config, done func(Checked)) error {
	c = c.withDefaults()
	s := &Source{config: c, web: newWeb(c), slots: make(chan struct{}, c.Polls), ctx: ctx}
	defer s.web.close()
	for _, f := range c.Feeds {
		if _, err := checkFeed(f.URL); err != nil {
			return fmt.Errorf("check feeds: %w", err)
		}
	}
	for _, f := range c.Feeds {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			s.polling.Wait()
			return ctx.Err()
		}
		s.polling.Go(func() {
			defer func() { <-s.slots }()
			done(s.check(ctx, f))
		})
	}
	s.polling.Wait()
	return ctx.Err()
}

func (s *Source) check(ctx context.Context, f Feed) Checked {
	out := Checked{URL: f.URL}
	if f.Trusted {
		ctx = withTrust(ctx, privateHost(f.URL))
	}
	started := time.Now()
	doc, got, err := s.fetchFeed(ctx, &Feed{URL: f.URL})
	out.Took = time.Since(started)
	if err != nil {
		out.Err = err
		return out
	}
	out.Moved, out.Validators = got.moved, got.etag != "" || got.lastModified != ""
	if doc == nil { // a 304 that was not asked for
		return out
	}
	out.Kind, out.Title, out.Items = doc.kind, doc.title, len(doc.items)
	for _, it := range doc.items {
		if len(clean.Text(it.html)) >= fullText {
			out.Whole++
		}
		if t := past(it.time(), s.config.Now()); !t.IsZero() {
			out.Dated++
			if t.After(out.Newest) {
				out.Newest = t
			}
		}
	}
	return out
}
