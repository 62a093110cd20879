package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/datelinenews/dateline/pipeline/bleve"
	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/elastic"
	"github.com/datelinenews/dateline/pipeline/search"
	"github.com/datelinenews/dateline/pipeline/web"
)

type serveCmd struct {
	webSettings
	correctionSettings
	indexSettings
	deadSettings
	kafkaSettings
	readSettings
	elasticSettings
}

func (serveCmd) Help() string {
	return `Pages to search, read and follow articles, people, organisations, places, quotes and dates, and a JSON API for programs (/openapi.json describes it). Asks Elasticsearch if it is set and --index is not given, else the embedded index, which nobody can write to meanwhile; dateline run --serve does both.

With --edit people may correct names, types and speakers. Over Elasticsearch corrections are kept in its index PREFIX-corrections, which setup makes and workers follow; else in a file beside the embedded index.

With --kafka the status page also has what waits there and the dead letters' reasons.

It listens on this machine alone. On another address it needs --token, or --proxy-header for a proxy that signs people in, or --open where everybody who can reach it may read all.

Examples:

    dateline serve
    dateline serve --elasticsearch http://localhost:9200
    DATELINE_TOKEN=$(openssl rand -hex 24) dateline serve --listen 0.0.0.0:8080
    dateline serve --listen 10.0.0.5:8080 --proxy-header X-Forwarded-User --proxy-from 10.0.0.2`
}

// webSettings are those of what serves pages.
type webSettings struct {
	Listen      string   `group:"web" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to serve pages and API on; port 0 is a free one."`
	Token       string   `group:"web" secret:"" placeholder:"TOKEN" help:"Secret that every request must bring, as a bearer token or by signing in; best given in the environment."`
	ProxyHeader string   `group:"web" placeholder:"NAME" help:"Header in which a proxy names who is signed in; requests without it are refused."`
	ProxyFrom   []string `group:"web" placeholder:"ADDR" help:"Addresses or networks of that proxy, with commas between. Default: this machine."`
	Edit        bool     `group:"web" help:"Let people correct names, types and speakers on the pages."`
	Open        bool     `group:"web" help:"Serve on an address that is not this machine's own to everybody, without token or proxy."`
}

// config checks the settings. That nothing is served openly by mistake is decided here.
func (s *webSettings) config() (web.Config, error) {
	c := web.Config{Token: s.Token, ProxyHeader: s.ProxyHeader, Version: programVersion()}
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return c, usagef("--listen is %q: want an address and a port such as 127.0.0.1:8080", s.Listen)
	}
	ip, err := netip.ParseAddr(host)
	c.Loopback = host == "localhost" || err == nil && ip.IsLoopback()
	if !c.Loopback && s.Token == "" && s.ProxyHeader == "" && !s.Open {
		return c, usagef("--listen is %q: everybody who can reach it could read all: give --token (best as %s), or --proxy-header, or --open if that is meant", s.Listen, envName("token"))
	}
	if s.ProxyHeader != "" {
		c.Loopback = false // the proxy passes its own host's name on
	}
	if len(s.ProxyFrom) > 0 && s.ProxyHeader == "" {
		return c, usagef("--proxy-from without --proxy-header: name the header that the proxy sets")
	}
	for _, p := range s.ProxyFrom {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			addr, err := netip.ParseAddr(p)
			if err != nil {
				return c, usagef("--proxy-from is %q: want an address or a network such as 10.0.0.2 or 10.0.0.0/24", p)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		c.ProxyFrom = append(c.ProxyFrom, prefix)
	}
	return c, nil
}

// correctionSettings are those of what shows and what extracts.
type correctionSettings struct {
	Corrections string `group:"extraction" placeholder:"FILE" help:"What people have corrected on the pages (serve --edit). Default: in Elasticsearch, where that is the index; else corrections.jsonl beside the embedded index, where there is one."`
}

// store is where the corrections of an index are kept; nil where none are. With must there will be some.
func (s *correctionSettings) store(index any, folder string, must bool) corrections.Store {
	if x, ok := index.(*elastic.Index); ok && s.Corrections == "" {
		return x.Corrections()
	}
	path := s.Corrections
	if path == "" {
		path = filepath.Join(filepath.Dir(filepath.Clean(folder)), "corrections.jsonl")
		if _, err := os.Stat(path); err != nil && !must {
			return nil
		}
	}
	return corrections.Open(path)
}

func (c *serveCmd) run(ctx context.Context, p *process) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	queue, err := c.queue()
	if err != nil {
		return err
	}
	var closer io.Closer
	if len(c.Elasticsearch) > 0 && !p.given["index"] {
		x, err := c.connect()
		if err != nil {
			return err
		}
		cfg.Store, closer, cfg.Name = x, x, "Elasticsearch at "+withoutPasswords(c.Elasticsearch)
		queue.Index = x
		cfg.Status = panelsOf(queue, "")
	} else {
		x, err := bleve.Open(c.Index, bleve.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		cfg.Store, closer, cfg.Name = x, x, c.Index
		queue.Index = x
		cfg.Status = panelsOf(queue, deadPath(&c.deadSettings, &c.indexSettings))
	}
	cfg.Edit, cfg.Corrections = c.Edit, c.store(cfg.Store, c.Index, c.Edit)
	defer closer.Close()
	stop, err := c.start(p, cfg)
	if err != nil {
		return err
	}
	// The first count reads all names into memory; better now than while somebody waits.
	_, err = cfg.Store.Search(ctx, search.Query{Limit: 1, Facets: 1})
	if err != nil && ctx.Err() == nil {
		return errors.Join(err, stop())
	}
	<-ctx.Done()
	return stop()
}

// start serves until the function that it returns is called.
func (s *webSettings) start(p *process, cfg web.Config) (stop func() error, err error) {
	cfg.Log = p.cli.logger(p.err)
	handler, err := web.New(cfg)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.Listen)
	if err != nil {
		return nil, fmt.Errorf("serve pages: %w: another --listen names another address", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	_, _ = fmt.Fprintf(p.err, "dateline: serving %s at http://%s\n", cfg.Name, listener.Addr()) // said, not needed
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close() // an export that goes on for ever
		}
		if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		if err != nil {
			return fmt.Errorf("serve pages: %w", err)
		}
		return nil
	}, nil
}
