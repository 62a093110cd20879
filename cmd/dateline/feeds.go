package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/feed"
	"github.com/datelinenews/dateline/pipeline/metrics"
)

// listSettings names the list of feeds.
type listSettings struct {
	OPML string `group:"feeds" name:"opml" placeholder:"FILE" help:"List of feeds: OPML, or text with an address a line. Of the feeds subcommands the default is feeds.opml."`
}

// askSettings are how the web is asked.
type askSettings struct {
	FeedDelay        time.Duration `group:"feeds" default:"500ms" help:"Pause between two requests to one host."`
	FeedTimeout      time.Duration `group:"feeds" default:"30s" help:"Longest time for one request."`
	FeedAllowPrivate bool          `group:"feeds" help:"Let feeds lead to private addresses. Those that you give with --feed may be private anyway."`
	FeedAgent        string        `group:"feeds" placeholder:"NAME" help:"User-Agent to ask with. Say there how you can be reached. Default: dateline and its address."`
}

// feedSettings are those of the subcommands that poll feeds.
type feedSettings struct {
	Feed []string `group:"feeds" sep:"none" placeholder:"URL" help:"Feed or sitemap to poll: RSS, Atom, JSON Feed. May be given again."`
	listSettings
	Every     time.Duration `group:"feeds" placeholder:"TIME" help:"Poll the feeds for ever, each so often, until stopped: 15m. Default: poll them once."`
	State     string        `group:"feeds" placeholder:"FILE" help:"File that remembers what has been read of feeds. Default: feeds.db beside the index; of ingest, ./feeds.db."`
	FeedPages feed.Pages    `group:"feeds" enum:"auto,always,never" default:"auto" help:"Whose pages are fetched: of items that have but a summary (auto), always or never."`
	askSettings
}

// some reports whether feeds are named.
func (s *feedSettings) some() bool { return len(s.Feed) > 0 || s.OPML != "" }

// checkEvery says whether --every makes sense here.
func (s *feedSettings) checkEvery(files []string) error {
	switch {
	case s.Every < 0:
		return usagef("--every is %s: want more than 0", s.Every)
	case s.Every > 0 && !s.some():
		return usagef("--every polls feeds: name some with --feed or --opml")
	case s.some() && len(files) > 0:
		return usagef("feeds and files at once: read them one after the other")
	}
	return nil
}

// config is the web's part of a feed.Config.
func (s *askSettings) config() (feed.Config, error) {
	if s.FeedDelay < 0 || s.FeedTimeout <= 0 {
		return feed.Config{}, usagef("--feed-delay is %s and --feed-timeout %s: want no less than 0, and more", s.FeedDelay, s.FeedTimeout)
	}
	c := feed.Config{HostDelay: s.FeedDelay, Timeout: s.FeedTimeout, AllowPrivate: s.FeedAllowPrivate, UserAgent: s.FeedAgent}
	if s.FeedDelay == 0 {
		c.HostDelay = -1
	}
	return c, nil
}

// named are the feeds that the settings name. A broken address in a list is warned of, and the rest
// is polled.
func (s *feedSettings) named(warn func(string, error)) ([]feed.Feed, error) {
	var feeds []feed.Feed
	for _, u := range s.Feed {
		feeds = append(feeds, feed.Feed{URL: u, Trusted: true})
	}
	if s.OPML == "" {
		return feeds, nil
	}
	list, err := feed.OpenList(s.OPML, false)
	if err != nil {
		return nil, err
	}
	listed, err := list.Feeds()
	if err != nil {
		return nil, err
	}
	for _, f := range listed {
		if err := feed.CheckAddress(f.URL); err != nil {
			warn(f.URL, err)
			continue
		}
		feeds = append(feeds, f)
	}
	if len(feeds) == 0 {
		return nil, fmt.Errorf("%s names no feeds: add one with `dateline feeds add`", s.OPML)
	}
	return feeds, nil
}

// polling says how feeds are polled.
type polling struct {
	path   string // of the state, where no other is set
	log    *slog.Logger
	meter  *metrics.Feeds // nil: none
	teller *pollTeller    // nil: none
	forget bool           // what is read is remembered for this run only
}

// open opens the feeds that are named. The function closes them and their state.
func (s *feedSettings) open(o *polling) (*feed.Source, func(), error) {
	c, err := s.askSettings.config()
	if err != nil {
		return nil, nil, err
	}
	c.Feeds, err = s.named(func(url string, err error) { o.log.Warn("feed left out", "feed", url, "error", err) })
	if err != nil {
		return nil, nil, usageError{err}
	}
	state, closeState, err := openState(s.statePath(o.path), o.forget)
	if err != nil {
		return nil, nil, err
	}
	c.State, c.Pages, c.Follow, c.Interval = state, s.FeedPages, s.Every > 0, s.Every
	c.Notify = o.notify
	source, err := feed.Open(c)
	if err != nil {
		closeState()
		return nil, nil, usageError{err}
	}
	return source, func() {
		_ = source.Close()
		closeState() // each commit is on the disk already
	}, nil
}

func (s *feedSettings) statePath(path string) string {
	if s.State != "" {
		path = s.State
	}
	return filepath.Clean(path)
}

// openState opens the state, or a copy of it that goes when it is closed.
func openState(path string, trial bool) (*feed.State, func(), error) {
	if !trial {
		state, err := feed.OpenState(path)
		if err != nil {
			return nil, nil, err
		}
		return state, func() { _ = state.Close() }, nil
	}
	dir, err := os.MkdirTemp("", "dateline-feeds-")
	if err != nil {
		return nil, nil, fmt.Errorf("open feeds' state: %w", err)
	}
	remove := func() { _ = os.RemoveAll(dir) } // in the folder for temporary files
	trialPath := filepath.Join(dir, "feeds.db")
	if _, err := os.Stat(path); err == nil {
		state, err := feed.OpenState(path)
		if err == nil {
			err = errors.Join(state.Copy(trialPath), state.Close())
		}
		if err != nil {
			remove()
			return nil, nil, err
		}
	}
	state, err := feed.OpenState(trialPath)
	if err != nil {
		remove()
		return nil, nil, err
	}
	return state, func() {
		_ = state.Close()
		remove()
	}, nil
}

// notify logs and counts a poll.
func (o *polling) notify(r feed.Result) {
	if o.meter != nil {
		o.meter.Polled(r.Outcome(), r.New, r.PutOff, r.Took)
	}
	if o.teller != nil {
		o.teller.polled(r)
	}
	took := r.Took.Round(time.Millisecond)
	switch {
	case r.Err != nil:
		o.log.Warn("feed failed", "feed", shownFeed(r.URL), "error", r.Err)
	case r.New > 0 || r.PutOff > 0:
		o.log.Info("feed polled", "feed", shownFeed(r.URL), "articles", r.New, "put_off", r.PutOff, "took", took)
	default:
		o.log.Debug("feed unchanged", "feed", shownFeed(r.URL), "took", took)
	}
	if r.Moved != "" {
		o.log.Info("feed moved for good", "feed", shownFeed(r.URL), "to", shownFeed(r.Moved))
	}
}

// shownFeed is a feed's address for people to see: without the password that it may hold.
func shownFeed(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		return u.Redacted()
	}
	return address
}

// watchList polls what the list names as it changes, until ctx is done.
func (s *feedSettings) watchList(ctx context.Context, log *slog.Logger, source *feed.Source) {
	if s.OPML == "" {
		return
	}
	stamp := func() (t time.Time, size int64) {
		if info, err := os.Stat(s.OPML); err == nil {
			return info.ModTime(), info.Size()
		}
		return time.Time{}, -1
	}
	at, size := stamp()
	tick := time.NewTicker(listPace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		nowAt, nowSize := stamp()
		if nowAt.Equal(at) && nowSize == size || nowSize < 0 {
			continue
		}
		at, size = nowAt, nowSize
		feeds, err := s.named(func(url string, err error) { log.Warn("feed left out", "feed", url, "error", err) })
		if err == nil {
			err = source.Update(feeds)
		}
		if err != nil {
			log.Error("the list of feeds can't be read; the old one stays in force", "list", s.OPML, "error", err)
			continue
		}
		log.Info("list of feeds read again", "list", s.OPML, "feeds", len(feeds))
	}
}

// listPace is how often the list is looked at for changes.
const listPace = 2 * time.Second

// runFeeds polls the feeds into the index.
func (c *runCmd) runFeeds(ctx context.Context, p *process) error {
	follow := c.Every > 0
	log := p.cli.console(p.err)
	if follow {
		log = p.cli.logger(p.err)
	}
	how := &polling{path: filepath.Join(filepath.Dir(filepath.Clean(c.Index)), "feeds.db"), log: log}
	source, closeAll, err := c.open(how)
	if err != nil {
		return err
	}
	defer closeAll()
	if follow {
		log.Info("polling", "feeds", source.Feeds(), "every", c.Every, "into", c.Index)
		watching, stop := context.WithCancel(ctx)
		defer stop()
		go c.watchList(watching, log, source)
	}
	err = localRun(ctx, p, local{
		source: source, extraction: &c.extractionSettings, index: c.Index, dead: deadPath(&c.deadSettings, &c.indexSettings), top: c.Top, observe: &c.observeSettings, web: c.web(),
		size: func() (int64, int64) { return 0, -1 }, follow: follow,
		observed: func(o *observation) { how.meter = o.Feeds() }, // before the first poll
	})
	return feedsDone(p, source, err, follow)
}

// feedsDone says what the polls came to. That nothing is new is no failure, that all feeds failed is
// one, but not of what was to go on until stopped.
func feedsDone(p *process, source *feed.Source, err error, stopped bool) error {
	sum := source.Summary()
	_, _ = fmt.Fprintf(p.err, "dateline: %s\n", export.Printable(sum.String(), false)) // said, not needed
	switch {
	case stopped:
		return err
	case len(sum.Failed) > 0 && len(sum.Failed) == sum.Polled:
		if err == nil || errors.Is(err, errNothing) {
			return errors.New("no feed could be read")
		}
		return fmt.Errorf("no feed could be read: %w", err)
	case errors.Is(err, errNothing):
		return nil
	}
	return err
}

// feedsCmd keeps the list of feeds.
type feedsCmd struct {
	List   feedsListCmd   `cmd:"" help:"Show the feeds, and how their last polls went."`
	Add    feedsAddCmd    `cmd:"" help:"Add feeds, or all of another list."`
	Remove feedsRemoveCmd `cmd:"" help:"Remove feeds."`
	Check  feedsCheckCmd  `cmd:"" help:"Ask each feed now, and say what it is like."`
}

func (feedsCmd) Help() string {
	return `The list is a file of your own: OPML, which other readers import and export, or text with a feed a line: its address, and where wanted how often it is polled and its title. Comments, folders and what other programs keep there stay. A running ingest reads it again when it changes.

Examples:

    dateline feeds add https://example.org/rss
    dateline feeds add subscriptions.opml --opml feeds.txt
    dateline feeds check
    dateline ingest --opml feeds.opml --every 15m`
}

// path is the list's.
func (s *listSettings) path() string {
	if s.OPML == "" {
		return "feeds.opml"
	}
	return s.OPML
}

type feedsListCmd struct {
	Format string `enum:"text,opml" default:"text" help:"text, or opml for other readers."`
	State  string `group:"feeds" placeholder:"FILE" default:"./feeds.db" help:"File that remembers what has been read of feeds."`
	listSettings
}

func (c *feedsListCmd) run(_ context.Context, p *process) error {
	list, err := feed.OpenList(c.path(), false)
	if err != nil {
		return err
	}
	feeds, err := list.Feeds()
	if err != nil {
		return err
	}
	if c.Format == "opml" {
		return feed.WriteOPML(p.out, feeds)
	}
	known := map[string]feed.Feed{}
	if _, err := os.Stat(c.State); err == nil {
		state, err := feed.OpenState(c.State)
		switch {
		case errors.Is(err, feed.ErrInUse):
			_, _ = fmt.Fprintf(p.err, "dateline: %s is in use by a running dateline, so how its polls went isn't shown\n", c.State) // said, not needed
		case err != nil:
			return err
		default:
			all, err := state.Feeds()
			_ = state.Close() // it was only read
			if err != nil {
				return err
			}
			for _, f := range all {
				known[f.URL] = f
			}
		}
	}
	var b strings.Builder
	for _, f := range feeds {
		k := known[f.URL]
		fmt.Fprintln(&b, export.Printable(f.URL, false))
		title := f.Title
		if title == "" || title == f.URL {
			title = k.Title
		}
		about := []string{}
		if title != "" {
			about = append(about, title)
		}
		if f.Interval > 0 {
			about = append(about, "every "+f.Interval.String())
		}
		about = append(about, polled(k))
		fmt.Fprintln(&b, "    "+export.Printable(strings.Join(about, "; "), false))
	}
	if len(feeds) == 0 {
		_, _ = fmt.Fprintf(p.err, "dateline: %s names no feeds: add one with `dateline feeds add`\n", list.Path()) // said, not needed
	}
	if _, err := fmt.Fprint(p.out, b.String()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// polled says how a feed's last poll went.
func polled(f feed.Feed) string {
	switch {
	case f.Polled.IsZero():
		return "not polled yet"
	case f.Gone:
		return "gone: the server answers 410; remove it"
	case f.Error != "":
		s := fmt.Sprintf("failed at %s", f.Polled.UTC().Format("2006-01-02 15:04"))
		if f.Failures > 1 {
			s = fmt.Sprintf("failed %d times, last at %s", f.Failures, f.Polled.UTC().Format("2006-01-02 15:04"))
		}
		return s + ": " + f.Error
	}
	s := fmt.Sprintf("%s, polled at %s", f.Kind, f.Polled.UTC().Format("2006-01-02 15:04"))
	if f.Moved != "" {
		s += ", moved to " + f.Moved
	}
	return s
}

type feedsAddCmd struct {
	Feeds []string      `arg:"" name:"feeds" help:"Addresses of feeds, or lists of them: .opml, .xml or .txt."`
	Every time.Duration `placeholder:"TIME" help:"How often these are polled. Default: as ingest says."`
	listSettings
}

func (c *feedsAddCmd) run(_ context.Context, p *process) error {
	if c.Every < 0 {
		return usagef("--every is %s: want more than 0", c.Every)
	}
	list, err := feed.OpenList(c.path(), true)
	if err != nil {
		return err
	}
	var feeds []feed.Feed
	for _, arg := range c.Feeds {
		if strings.Contains(arg, "://") {
			feeds = append(feeds, feed.Feed{URL: arg})
			continue
		}
		other, err := feed.OpenList(arg, false)
		if errors.Is(err, os.ErrNotExist) {
			return usagef("%s: neither an address that begins with https:// or http://, nor a file", arg)
		}
		if err != nil {
			return err
		}
		all, err := other.Feeds()
		if err != nil {
			return err
		}
		feeds = append(feeds, all...)
	}
	added, known, refused := 0, 0, 0
	for _, f := range feeds {
		if c.Every > 0 {
			f.Interval = c.Every
		}
		isNew, err := list.Add(f)
		switch {
		case err != nil:
			refused++
			_, _ = fmt.Fprintf(p.err, "dateline: %s\n", export.Printable(err.Error(), false)) // said, and counted
		case isNew:
			added++
		default:
			known++
		}
	}
	if added > 0 {
		if err := list.Save(); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(p.err, "dateline: %s added to %s, %d there already\n", plural(added, "feed"), list.Path(), known) // said, not needed
	if refused > 0 {
		return fmt.Errorf("%s not added", plural(refused, "feed"))
	}
	return nil
}

type feedsRemoveCmd struct {
	Feeds []string `arg:"" name:"feeds" help:"Addresses of feeds."`
	listSettings
}

func (c *feedsRemoveCmd) run(_ context.Context, p *process) error {
	list, err := feed.OpenList(c.path(), false)
	if err != nil {
		return err
	}
	removed := 0
	var missing []string
	for _, u := range c.Feeds {
		found, err := list.Remove(u)
		if err != nil {
			return err
		}
		if found {
			removed++
		} else {
			missing = append(missing, u)
		}
	}
	if removed > 0 {
		if err := list.Save(); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(p.err, "dateline: %s removed from %s\n", plural(removed, "feed"), list.Path()) // said, not needed
	if len(missing) > 0 {
		return fmt.Errorf("not in %s: %s", list.Path(), strings.Join(missing, ", "))
	}
	return nil
}

type feedsCheckCmd struct {
	Feeds []string `arg:"" optional:"" name:"feeds" help:"Addresses of feeds. Default: those of the list."`
	listSettings
	askSettings
}

func (c *feedsCheckCmd) run(ctx context.Context, p *process) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	for _, u := range c.Feeds {
		config.Feeds = append(config.Feeds, feed.Feed{URL: u, Trusted: true})
	}
	if len(c.Feeds) == 0 {
		list, err := feed.OpenList(c.path(), false)
		if err != nil {
			return err
		}
		if config.Feeds, err = list.Feeds(); err != nil {
			return err
		}
	}
	results := map[string]feed.Checked{}
	var asked []feed.Feed
	for _, f := range config.Feeds {
		if err := feed.CheckAddress(f.URL); err != nil {
			results[f.URL] = feed.Checked{URL: f.URL, Err: err}
			continue
		}
		asked = append(asked, f)
	}
	all := config.Feeds
	config.Feeds = asked
	done := make(chan feed.Checked)
	ended := make(chan error, 1)
	go func() {
		ended <- feed.Check(ctx, config, func(r feed.Checked) { done <- r })
		close(done)
	}()
	for r := range done {
		results[r.URL] = r
	}
	if err := <-ended; err != nil {
		return err
	}
	failed := 0
	var b strings.Builder
	for _, f := range all {
		r := results[f.URL]
		if r.Err != nil {
			failed++
		}
		fmt.Fprintf(&b, "%s\n    %s\n", export.Printable(f.URL, false), export.Printable(checked(r), false))
	}
	if _, err := fmt.Fprint(p.out, b.String()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	_, _ = fmt.Fprintf(p.err, "dateline: %s checked, %d failed\n", plural(len(all), "feed"), failed) // said, not needed
	if failed > 0 {
		return fmt.Errorf("%d of %s can't be read", failed, plural(len(all), "feed"))
	}
	return nil
}

// checked is such as "rss 2.0 “Ada Post”: 20 items, 3 with their whole text, newest 2025-03-04 07:30".
func checked(r feed.Checked) string {
	if r.Err != nil {
		return "failed: " + r.Err.Error()
	}
	s := r.Kind
	if r.Title != "" {
		s += fmt.Sprintf(" “%s”", r.Title)
	}
	s += fmt.Sprintf(": %s", plural(r.Items, "item"))
	if r.Items > 0 {
		s += fmt.Sprintf(", %d with whole text", r.Whole)
		switch {
		case r.Dated == 0:
			s += ", none with a date"
		case r.Dated < r.Items:
			s += fmt.Sprintf(", %d without a date", r.Items-r.Dated)
		}
	}
	if !r.Newest.IsZero() {
		s += ", newest " + r.Newest.UTC().Format("2006-01-02 15:04")
	}
	if !r.Validators {
		s += ", fetched whole at each poll (no ETag, no Last-Modified)"
	}
	if r.Moved != "" {
		s += ", moved for good to " + r.Moved
	}
	return s
}
