// Package metrics shows an operator what a worker does: Prometheus metrics, health and readiness, and
// where asked for Go's profiles, over HTTP.
//
// The instruments are those of Prometheus' own client (github.com/prometheus/client_golang). What a
// runner or an index counts anyway is read from its Stats when Prometheus asks, so that counting
// costs nothing; only the time of each step is noted as it happens.
package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/datelinenews/dateline/pipeline"
)

// Metrics are one process's metrics. Make it with New.
type Metrics struct {
	registry *prometheus.Registry
	steps    *prometheus.HistogramVec
	lag      *prometheus.GaugeVec
	counted  *counted
}

// New makes the metrics of a program of the version. Extraction gives the version of the extraction,
// which may change while the program runs; nil where nothing is extracted.
func New(version string, extraction func() string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		counted:  &counted{version: version, extraction: extraction, retried: map[string]int{}},
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dateline_stage_seconds",
			Help: "Time taken by a stage: decode and extract of one article, store, bury and commit of a batch.",
			// From 100 µs, a short article's extraction, to 100 s, a bulk request that waits for a sick cluster.
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 100},
		}, []string{"stage"}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dateline_consumer_lag",
			Help: "Messages of a partition that the group has not committed, of the partitions that this worker holds.",
		}, []string{"topic", "partition"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.steps, m.lag, m.counted,
	)
	return m
}

// Registerer is where other packages add metrics of their own. Their names begin with "dateline_".
func (m *Metrics) Registerer() prometheus.Registerer { return m.registry }

// Observe is for pipeline.Runner.Observe.
func (m *Metrics) Observe(step pipeline.Step, took time.Duration) {
	m.steps.WithLabelValues(string(step)).Observe(took.Seconds())
}

// Runner shows what a runner counts. Stats is its method.
func (m *Metrics) Runner(stats func() pipeline.Stats) {
	m.counted.mu.Lock()
	defer m.counted.mu.Unlock()
	m.counted.runner = stats
}

// Bulk shows what became of the documents of bulk requests, by outcome, and how many requests were sent
// again.
func (m *Metrics) Bulk(ask func() (items map[string]int64, retried int64)) {
	m.counted.mu.Lock()
	defer m.counted.mu.Unlock()
	m.counted.bulk = ask
}

// Retried counts an operation that failed and is tried again, besides those that runner and index
// count themselves.
func (m *Metrics) Retried(operation string) {
	m.counted.mu.Lock()
	defer m.counted.mu.Unlock()
	m.counted.retried[operation]++
}

// Lag is how far a group is behind in one partition.
type Lag struct {
	Topic, Partition string
	Messages         int64
}

// WatchLag asks for the lag now and every so often, until ctx is done. A failure leaves what was
// known, and goes to failed.
func (m *Metrics) WatchLag(ctx context.Context, every time.Duration, ask func(context.Context) ([]Lag, error), failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		short, cancel := context.WithTimeout(ctx, every)
		lags, err := ask(short)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failed(err)
		default:
			m.lag.Reset() // a partition that went to another worker is that one's to show
			for _, l := range lags {
				m.lag.WithLabelValues(l.Topic, l.Partition).Set(float64(l.Messages))
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
