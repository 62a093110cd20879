package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/feed"
)

// feedSettings are those of the subcommands that poll feeds.
type feedSettings struct {
	Feed             []string      `group:"feeds" sep:"none" placeholder:"URL" help:"Feed or sitemap to poll: RSS, Atom, JSON Feed. May be given again."`
	FeedState        string        `group:"feeds" placeholder:"FILE" help:"File that remembers what has been read of feeds. Default: feeds.db beside the index; of ingest, ./feeds.db."`
	FeedPages        feed.Pages    `group:"feeds" enum:"auto,always,never" default:"auto" help:"Whose pages are fetched: of items that have but a summary (auto), always or never."`
	FeedDelay        time.Duration `group:"feeds" default:"500ms" help:"Pause between two requests to one host."`
	FeedTimeout      time.Duration `group:"feeds" default:"30s" help:"Longest time for one request."`
	FeedAllowPrivate bool          `group:"feeds" help:"Let feeds lead to private addresses. Those that you type yourself may be private anyway."`
}

// open opens the feeds that are named, with their state at path where no other is set. The function
// closes both.
func (s *feedSettings) open(p *process, path string) (*feed.Source, func(), error) {
	if s.FeedState != "" {
		path = s.FeedState
	}
	if s.FeedDelay < 0 || s.FeedTimeout <= 0 {
		return nil, nil, usagef("--feed-delay is %s and --feed-timeout %s: want no less than 0, and more", s.FeedDelay, s.FeedTimeout)
	}
	state, err := feed.OpenState(filepath.Clean(path))
	if err != nil {
		return nil, nil, err
	}
	c := feed.Config{
		State: state, Pages: s.FeedPages, HostDelay: s.FeedDelay, Timeout: s.FeedTimeout, AllowPrivate: s.FeedAllowPrivate,
		Notify: func(r feed.Result) {
			if r.Err != nil {
				p.cli.console(p.err).Warn("feed failed", "feed", r.URL, "error", r.Err)
			}
		},
	}
	if s.FeedDelay == 0 {
		c.HostDelay = -1
	}
	for _, u := range s.Feed {
		c.Feeds = append(c.Feeds, feed.Feed{URL: u, Trusted: true})
	}
	source, err := feed.Open(c)
	if err != nil {
		_ = state.Close() // the first error counts
		return nil, nil, usageError{err}
	}
	return source, func() {
		_ = source.Close()
		_ = state.Close() // each commit is on the disk already
	}, nil
}

// runFeeds polls the feeds once, into the index.
func (c *runCmd) runFeeds(ctx context.Context, p *process) error {
	if len(c.Sources) > 0 {
		return usagef("--feed and files at once: run them one after the other")
	}
	source, closeAll, err := c.open(p, filepath.Join(filepath.Dir(filepath.Clean(c.Index)), "feeds.db"))
	if err != nil {
		return err
	}
	defer closeAll()
	err = localRun(ctx, p, local{
		source: source, extraction: &c.extractionSettings, index: c.Index, dead: deadPath(&c.deadSettings, &c.indexSettings), top: c.Top, observe: &c.observeSettings, web: c.web(),
		size: func() (int64, int64) { return 0, -1 },
	})
	return feedsDone(p, source, err)
}

// feedsDone says what the polls came to. That nothing is new is no failure, that all feeds failed is
// one.
func feedsDone(p *process, source *feed.Source, err error) error {
	sum := source.Summary()
	_, _ = fmt.Fprintf(p.err, "dateline: %s\n", export.Printable(sum.String(), false)) // said, not needed
	switch {
	case len(sum.Failed) > 0 && len(sum.Failed) == sum.Polled:
		return errors.New("no feed could be read")
	case errors.Is(err, errNothing):
		return nil
	}
	return err
}
