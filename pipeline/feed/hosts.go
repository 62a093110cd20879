package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/temoto/robotstxt"
)

const (
	// robotsAge is how long a robots.txt is good for (RFC 9309, 2.4).
	robotsAge = 24 * time.Hour
	// robotsFailedAge is for one that could not be had.
	robotsFailedAge = 5 * time.Minute
	// maxRobots is the most of a robots.txt that must be read (RFC 9309, 2.5).
	maxRobots = 512 << 10
	// maxHosts is how many hosts are known before those are forgotten that have been idle for hostAge.
	maxHosts = 1000
	hostAge  = time.Hour
	// maxCrawlDelay bounds what a robots.txt can ask for between two requests.
	maxCrawlDelay = time.Minute
)

// hosts keeps requests polite: so many at a time to one host, so long between them, and none that
// its robots.txt forbids or while it wants to be left alone.
type hosts struct {
	config Config
	web    *web

	mu  sync.Mutex
	all map[string]*host
}

type host struct {
	slots chan struct{}

	mu    sync.Mutex
	next  time.Time // the earliest time of the next request
	asked time.Time // when somebody last looked it up
	delay time.Duration

	robotsMu    sync.Mutex
	robots      *robotstxt.RobotsData
	robotsErr   error
	robotsUntil time.Time
}

func newHosts(c Config, w *web) *hosts { return &hosts{config: c, web: w, all: map[string]*host{}} }

func (h *hosts) of(u *url.URL) *host {
	key := hostPort(u)
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.all[key]
	if one == nil {
		if len(h.all) >= maxHosts {
			h.forgetIdle()
		}
		one = &host{slots: make(chan struct{}, h.config.PerHost), delay: max(h.config.HostDelay, 0)}
		h.all[key] = one
	}
	one.mu.Lock()
	one.asked = h.config.Now()
	one.mu.Unlock()
	return one
}

// forgetIdle drops the hosts that nothing has been asked of for a while, with their rules: a source
// that follows feeds for months meets many. mu is held.
func (h *hosts) forgetIdle() {
	idle := h.config.Now().Add(-hostAge)
	for key, one := range h.all {
		one.mu.Lock()
		old := one.next.Before(idle) && one.asked.Before(idle)
		one.mu.Unlock()
		if old && len(one.slots) == 0 {
			delete(h.all, key)
		}
	}
}

// acquire waits for the host's turn. A host that wants to be left alone for longer than a request
// may take is an error at once.
func (h *hosts) acquire(ctx context.Context, u *url.URL) (release func(), err error) {
	one := h.of(u)
	select {
	case one.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for host: %w", context.Cause(ctx))
	}
	release = func() { <-one.slots }
	now := h.config.Now()
	one.mu.Lock()
	wait := max(one.next.Sub(now), 0)
	if wait > max(h.config.Timeout, one.delay*time.Duration(2*h.config.PerHost)) {
		one.mu.Unlock()
		release()
		return nil, &StatusError{Code: http.StatusTooManyRequests, RetryAfter: wait}
	}
	one.next = now.Add(wait + one.delay)
	one.mu.Unlock()
	if err := sleep(ctx, wait); err != nil {
		release()
		return nil, fmt.Errorf("wait for host: %w", err)
	}
	return release, nil
}

// pause leaves the host alone for a while.
func (h *hosts) pause(u *url.URL, d time.Duration) {
	one := h.of(u)
	one.mu.Lock()
	defer one.mu.Unlock()
	if t := h.config.Now().Add(d); t.After(one.next) {
		one.next = t
	}
}

// allowed asks the host's robots.txt, which is fetched when it is first needed.
func (h *hosts) allowed(ctx context.Context, u *url.URL) error {
	one := h.of(u)
	one.robotsMu.Lock()
	defer one.robotsMu.Unlock()
	if now := h.config.Now(); now.After(one.robotsUntil) {
		one.robots, one.robotsErr = h.fetchRobots(ctx, u)
		if ctx.Err() != nil {
			return fmt.Errorf("fetch robots.txt: %w", context.Cause(ctx))
		}
		one.robotsUntil = now.Add(robotsAge)
		if one.robotsErr != nil {
			one.robotsUntil = now.Add(robotsFailedAge)
		} else if g := one.robots.FindGroup(robotsAgent); g != nil && h.config.HostDelay >= 0 {
			one.mu.Lock()
			one.delay = max(one.delay, min(g.CrawlDelay, maxCrawlDelay))
			one.mu.Unlock()
		}
	}
	if one.robotsErr != nil {
		return fmt.Errorf("fetch robots.txt: %w", one.robotsErr)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	if !one.robots.TestAgent(path, robotsAgent) {
		return fmt.Errorf("%w: %s", ErrRobots, u.Redacted())
	}
	return nil
}

// fetchRobots reads the rules as RFC 9309 says: where there is none, or it is refused or unreadable,
// all is allowed; where the server fails, nothing is for now.
func (h *hosts) fetchRobots(ctx context.Context, u *url.URL) (*robotstxt.RobotsData, error) {
	at := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}
	a, err := h.web.get(ctx, question{url: at.String(), limit: maxRobots, accept: "text/plain,*/*;q=0.5"})
	var status *StatusError
	switch {
	case err == nil:
	case errors.As(err, &status) && (status.Code >= 500 || status.Code == http.StatusTooManyRequests):
		return nil, err
	case errors.As(err, &status), errors.Is(err, ErrTooBig), errors.Is(err, ErrRedirects):
		a = &answer{}
	default:
		return nil, err
	}
	// A web page in its place holds no rules, and a rule that can't be read is passed over.
	if strings.Contains(a.contentType, "html") {
		a.body = nil
	}
	data, err := robotstxt.FromBytes(a.body)
	if err != nil {
		data, _ = robotstxt.FromBytes(nil)
	}
	return data, nil
}

// sleep waits, and returns ctx's cause where it is done first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
