package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/datelinenews/dateline/pipeline/elastic"
	"github.com/datelinenews/dateline/pipeline/kafka"
	"github.com/datelinenews/dateline/pipeline/metrics"
)

// observeSettings are those of the subcommands that run for long.
type observeSettings struct {
	Metrics string `group:"observation" placeholder:"HOST:PORT" help:"Serve /metrics (Prometheus), /healthz and /readyz there, such as on :9464. Default: nowhere."`
	Pprof   bool   `group:"observation" help:"Serve Go's profiles there too, at /debug/pprof."`
}

// observation is a process's metrics, and their server where there is one.
type observation struct {
	*metrics.Metrics
	server *metrics.Server
}

// observe makes the metrics, of the engine where there is one. They are counted, served or not.
func (s *observeSettings) observe(x *engine) *observation {
	var extraction func() string
	if x != nil {
		extraction = x.Version
	}
	return &observation{Metrics: metrics.New(programVersion(), extraction)}
}

// serve serves the metrics where the settings say so.
func (o *observation) serve(s *observeSettings, log *slog.Logger, checks ...metrics.Check) error {
	if s.Metrics == "" {
		if s.Pprof {
			return usagef("--pprof needs --metrics, the address that it is served at")
		}
		return nil
	}
	server, err := o.Serve(metrics.ServerConfig{Addr: s.Metrics, Pprof: s.Pprof, Checks: checks})
	if err != nil {
		return fmt.Errorf("%w: give --metrics another address", err)
	}
	o.server = server
	log.Info("serving metrics", "at", server.Addr(), "pprof", s.Pprof)
	return nil
}

// close ends the server.
func (o *observation) close() {
	if o.server != nil {
		_ = o.server.Close() // nobody is waiting for it
	}
}

// lagPace is how often a worker looks up how far it is behind.
const lagPace = 10 * time.Second

// watchLag shows the lag of the partitions that the source holds, until ctx is done.
func (o *observation) watchLag(ctx context.Context, log *slog.Logger, source *kafka.Source) {
	o.WatchLag(ctx, lagPace, func(ctx context.Context) ([]metrics.Lag, error) {
		lags, err := source.Lag(ctx)
		out := make([]metrics.Lag, len(lags))
		for i, l := range lags {
			out[i] = metrics.Lag{Topic: l.Topic, Partition: strconv.Itoa(l.Partition), Messages: l.Lag}
		}
		return out, err
	}, func(err error) { log.Debug("the lag is not known", "error", err) })
}

// watchIndex shows what an index counts, where it is Elasticsearch, and returns the check of it.
func (o *observation) watchIndex(sink any) []metrics.Check {
	x, ok := sink.(*elastic.Index)
	if !ok {
		return nil
	}
	o.Bulk(func() (map[string]int64, int64) {
		s := x.Stats()
		return s.Items, s.Requests
	})
	return []metrics.Check{{Name: "elasticsearch", Do: x.Ping}}
}
