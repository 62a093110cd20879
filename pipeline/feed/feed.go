// Package feed is a source of the articles that feeds on the web announce: RSS 0.9 to 2.0, Atom, JSON
// Feed, sitemaps and news sitemaps.
//
// Each feed is polled by a goroutine of its own, with conditional requests, so that what is
// unchanged costs next to nothing. Of each new item the page is fetched and cleaned, unless the feed
// holds its whole text. What has been sent is remembered in a file, and only once it is stored: a
// stop or a crash neither loses an item nor sends one twice for good. Items are known by guid and
// link together, and one whose title or times change is sent again as a newer revision.
//
// A server is asked politely: robots.txt (RFC 9309) and Retry-After are heeded, only so many
// requests go to one host at a time and with a pause between, failing feeds are asked less and less
// often, and the User-Agent says who asks. And it is trusted little: answers are bounded in size,
// unpacked size, time and redirects, addresses must be public ones when they are dialled, and a
// broken feed or page is one failure with its reason, which stops nothing else.
//
// Formats are parsed by gofeed (github.com/mmcdole/gofeed), which reads what feeds are rather than
// what they should be; robots.txt by github.com/temoto/robotstxt.
package feed

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// Pages says which items' pages are fetched.
type Pages string

// The choices. Default: PagesAuto.
const (
	PagesAuto   Pages = "auto"   // where the feed has no more than a summary
	PagesAlways Pages = "always" // of all items that have a link
	PagesNever  Pages = "never"  // what the feed has is the text
)

// robotsAgent is the name that rules in robots.txt are looked up by.
const robotsAgent = "dateline"

// DefaultUserAgent is sent where none is set.
const DefaultUserAgent = "dateline/1.0 (news reader; +https://github.com/datelinenews/dateline)"

// Config says what to poll and how. Zero values are the defaults.
type Config struct {
	// Feeds are polled. Their Interval, Title and Trusted count; the State knows the rest.
	Feeds []Feed
	// State remembers feeds and items. It must be set; the caller closes it, after the Source.
	State *State
	// Follow goes on polling, each feed at its interval. Default: one poll of each.
	Follow bool
	// Interval is the time between polls of a feed that has none of its own. Default: 15 min.
	Interval time.Duration
	// Pages says which items' pages are fetched.
	Pages Pages
	// UserAgent is sent with each request. Default: DefaultUserAgent.
	UserAgent string
	// Polls is how many feeds are polled at once. Default: 16.
	Polls int
	// PerHost is how many requests go to one host at a time. Default: 2.
	PerHost int
	// HostDelay is the pause between two requests to one host, longer where its robots.txt wants
	// so. Less than 0: no pause, whatever robots.txt says. Default: 500 ms.
	HostDelay time.Duration
	// Timeout bounds each request, from the connection to the answer's last byte. Default: 30 s.
	Timeout time.Duration
	// MaxFeed and MaxPage are the most bytes of a feed and of a page, unpacked. Defaults: 10 and
	// 8 MiB.
	MaxFeed, MaxPage int64
	// MaxBackoff bounds the wait between polls of a feed that fails: it doubles from its interval.
	// Default: 24 h.
	MaxBackoff time.Duration
	// AllowPrivate lets requests go to any address, and through the proxy that the environment
	// names. Default: public addresses only, and those that a Trusted feed's own address names.
	AllowPrivate bool
	// IgnoreRobots passes over robots.txt. It is for servers of one's own.
	IgnoreRobots bool
	// RootCAs are the authorities to trust. Default: the system's.
	RootCAs *x509.CertPool
	// Notify is told the result of each poll, from several goroutines. Default: nobody.
	Notify func(Result)
	// Now is the time. Default: time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	c.Interval = cmp.Or(c.Interval, 15*time.Minute)
	c.Pages = cmp.Or(c.Pages, PagesAuto)
	c.UserAgent = cmp.Or(c.UserAgent, DefaultUserAgent)
	c.Polls = max(cmp.Or(c.Polls, 16), 1)
	c.PerHost = max(cmp.Or(c.PerHost, 2), 1)
	c.HostDelay = cmp.Or(c.HostDelay, 500*time.Millisecond)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.MaxFeed = cmp.Or(c.MaxFeed, 10<<20)
	c.MaxPage = cmp.Or(c.MaxPage, 8<<20)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, 24*time.Hour)
	if c.Notify == nil {
		c.Notify = func(Result) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Source polls feeds. It is a pipeline.Source; without Follow it is exhausted when each feed has
// been polled once.
type Source struct {
	config Config
	web    *web

	ctx     context.Context
	cancel  context.CancelFunc
	start   sync.Once
	polling sync.WaitGroup // its loops, and with Follow one for those to come
	slots   chan struct{}  // polls that go on
	batches chan *flight

	mu       sync.Mutex
	feeds    []Feed
	started  bool
	loops    map[string]context.CancelFunc // of the feeds that are polled
	pending  []*flight                     // read and not yet committed, in order
	sequence int
	summary  Summary
}

var _ pipeline.Source = (*Source)(nil)

// flight is a batch on its way, and what is to be remembered once it is stored.
type flight struct {
	messages []pipeline.Message
	changes  changes
	sequence int           // set when it is read
	done     chan struct{} // closed when it is committed
}

// Open makes a source. Errors are of addresses that can't be, and of the state.
func Open(c Config) (*Source, error) {
	c = c.withDefaults()
	if c.State == nil {
		return nil, errors.New("open feeds: no state")
	}
	switch c.Pages {
	case PagesAuto, PagesAlways, PagesNever:
	default:
		return nil, fmt.Errorf("open feeds: pages %q: want auto, always or never", c.Pages)
	}
	if err := c.State.prune(c.Now()); err != nil {
		return nil, err
	}
	s := &Source{
		config: c, web: newWeb(c), slots: make(chan struct{}, c.Polls), batches: make(chan *flight),
		loops: map[string]context.CancelFunc{},
	}
	s.summary.Failed = map[string]string{}
	feeds, err := s.resolve(c.Feeds)
	if err != nil {
		return nil, fmt.Errorf("open feeds: %w", err)
	}
	if len(feeds) == 0 {
		return nil, errors.New("open feeds: there are none: name one")
	}
	s.feeds = feeds
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// resolve adds to each feed what the state knows of it. Of feeds with one address the first counts.
func (s *Source) resolve(feeds []Feed) ([]Feed, error) {
	var out []Feed
	seen := map[string]bool{}
	for _, f := range feeds {
		url, err := checkFeed(f.URL)
		if err != nil {
			return nil, err
		}
		known, _, err := s.config.State.Feed(url)
		if err != nil {
			return nil, err
		}
		known.URL, known.Interval, known.Trusted = url, f.Interval, f.Trusted
		known.Title = cmp.Or(f.Title, known.Title)
		known.Gone = false // whoever names it wants it asked
		if !seen[url] {
			seen[url] = true
			out = append(out, known)
		}
	}
	return out, nil
}

// Update changes which feeds are polled, with Follow: new ones are polled from now on, and those that
// are not among them no more. A poll that goes on is finished first.
func (s *Source) Update(feeds []Feed) error {
	next, err := s.resolve(feeds)
	if err != nil {
		return fmt.Errorf("update feeds: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started || !s.config.Follow || s.ctx.Err() != nil {
		return errors.New("update feeds: the source does not follow feeds now")
	}
	wanted := map[string]bool{}
	for _, f := range next {
		wanted[f.URL] = true
		old := slices.IndexFunc(s.feeds, func(o Feed) bool { return o.URL == f.URL })
		if old >= 0 && s.feeds[old].Interval == f.Interval && s.loops[f.URL] != nil {
			continue
		}
		if stop := s.loops[f.URL]; stop != nil {
			stop()
		}
		s.begin(f)
	}
	for url, stop := range s.loops {
		if !wanted[url] {
			stop()
			delete(s.loops, url)
			delete(s.summary.Failed, url)
		}
	}
	s.feeds = next
	return nil
}

// CheckAddress says what is wrong with a feed's address, if anything.
func CheckAddress(raw string) error {
	_, err := checkFeed(raw)
	return err
}

// checkFeed is a feed's address, as it is remembered.
func checkFeed(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("feed's address %q: %w", raw, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("feed's address %q: want one that begins with https:// or http://", raw)
	}
	return raw, nil
}

// Read returns the next articles. They come feed by feed as polls give them.
func (s *Source) Read(ctx context.Context) (*pipeline.Batch, error) {
	s.start.Do(s.poll)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case f, ok := <-s.batches:
		if !ok {
			if s.ctx.Err() != nil {
				return nil, errors.New("read feeds: the source is closed")
			}
			return nil, io.EOF
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sequence++
		f.sequence = s.sequence
		s.pending = append(s.pending, f)
		s.summary.Sent += len(f.messages)
		b := &pipeline.Batch{Messages: f.messages, Token: f.sequence}
		f.messages = nil
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Commit remembers the items of b and of all batches before it as seen.
func (s *Source) Commit(_ context.Context, b *pipeline.Batch) error {
	upTo, ok := b.Token.(int)
	if !ok {
		return fmt.Errorf("commit feeds: the batch is of another source: %T", b.Token)
	}
	s.mu.Lock()
	n := 0
	var all []changes
	for n < len(s.pending) && s.pending[n].sequence <= upTo {
		all = append(all, s.pending[n].changes)
		n++
	}
	done := slices.Clone(s.pending[:n])
	s.mu.Unlock()
	if n == 0 {
		return nil
	}
	if err := s.config.State.apply(s.config.Now(), all...); err != nil {
		return err // they are pending still, and the next Commit covers them
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range done {
		// A Commit beside this one may have been quicker.
		if i := slices.Index(s.pending, f); i >= 0 {
			s.pending = slices.Delete(s.pending, i, i+1)
			close(f.done)
		}
	}
	return nil
}

// Close ends polling. What was read and not committed comes again from the next source.
func (s *Source) Close() error {
	s.cancel()
	s.start.Do(func() { close(s.batches) })
	s.polling.Wait()
	s.web.close()
	return nil
}

// Feeds is how many feeds are polled.
func (s *Source) Feeds() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.feeds)
}

// poll starts the goroutines.
func (s *Source) poll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = true
	if s.config.Follow {
		s.polling.Go(s.keepHouse) // and holds the channel open, for there may be more feeds later
	}
	for _, f := range s.feeds {
		s.begin(f)
	}
	go func() {
		s.polling.Wait()
		close(s.batches)
	}()
}

// keepHouse forgets old items from time to time, until the source is closed.
func (s *Source) keepHouse() {
	for sleep(s.ctx, 24*time.Hour) == nil {
		_ = s.config.State.prune(s.config.Now()) // what stays is forgotten another day
	}
}

// begin starts to poll a feed. mu is held.
func (s *Source) begin(f Feed) {
	// When the next poll is due was told by the interval of then; one that failed is waited for all the same.
	if due := f.Polled.Add(s.interval(&f)); f.Failures == 0 && due.Before(f.Next) {
		f.Next = due
	}
	ctx, stop := context.WithCancel(s.ctx)
	s.loops[f.URL] = stop
	s.polling.Go(func() {
		defer stop()
		s.loop(ctx, f)
	})
}

// loop polls one feed, once, or until ctx is done or the source is closed.
func (s *Source) loop(ctx context.Context, f Feed) {
	for {
		if s.config.Follow {
			next := f.Next
			if f.NotBefore.After(next) {
				next = f.NotBefore
			}
			if sleep(ctx, next.Sub(s.config.Now())) != nil {
				return
			}
		}
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		last := s.pollOnce(&f)
		<-s.slots
		if !s.config.Follow || f.Gone || ctx.Err() != nil {
			return
		}
		if last != nil { // what is on its way must not be found again
			select {
			case <-last.done:
			case <-ctx.Done():
				return
			}
		}
	}
}

// send hands a batch to Read.
func (s *Source) send(f *flight) bool {
	select {
	case s.batches <- f:
		return true
	case <-s.ctx.Done():
		return false
	}
}
