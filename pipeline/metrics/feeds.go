package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Feeds are the metrics of polling feeds.
type Feeds struct {
	polls, articles *prometheus.CounterVec
	seconds         prometheus.Histogram
}

// Feeds adds the metrics of polling feeds. It is called once.
func (m *Metrics) Feeds() *Feeds {
	f := &Feeds{
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_feed_polls_total",
			Help: "Polls of feeds, by outcome: new, unchanged or failed.",
		}, []string{"outcome"}),
		articles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dateline_feed_articles_total",
			Help: "Items of feeds, by outcome: new ones that were read, or put_off because their page failed for now.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dateline_feed_seconds",
			Help: "Time taken by a poll of a feed, its pages included.",
			// From a 304 nearby to a feed whose pages wait for each other.
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300},
		}),
	}
	for _, o := range []string{"new", "unchanged", "failed"} {
		f.polls.WithLabelValues(o)
	}
	for _, o := range []string{"new", "put_off"} {
		f.articles.WithLabelValues(o)
	}
	m.registry.MustRegister(f.polls, f.articles, f.seconds)
	return f
}

// Polled notes a poll.
func (f *Feeds) Polled(outcome string, articles, putOff int, took time.Duration) {
	f.polls.WithLabelValues(outcome).Inc()
	f.articles.WithLabelValues("new").Add(float64(articles))
	f.articles.WithLabelValues("put_off").Add(float64(putOff))
	f.seconds.Observe(took.Seconds())
}
