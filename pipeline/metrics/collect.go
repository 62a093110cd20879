package metrics

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/datelinenews/dateline/pipeline"
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dateline_"+name, help, labels, nil)
}

var (
	buildInfo = describe("build_info", "Always 1; the versions of the program and of the extraction.", "version", "extraction")

	articlesRead   = describe("articles_read_total", "Messages read from the source.")
	articlesStored = describe("articles_stored_total", "Messages whose articles are stored, or were stored in a newer revision.")
	deadLetters    = describe("dead_letters_total", "Messages that became dead letters, by the stage at which and why.", "stage", "reason")
	byLanguage     = describe("articles_by_language_total", "Stored articles by language; \"und\" where it is not known.", "language")
	inFlight       = describe("in_flight_bytes", "Bytes of messages that are read and not yet stored.")
	oldest         = describe("oldest_unacknowledged_seconds", "Time since the oldest message was read that is not yet stored and committed; 0 where there is none.")
	retries        = describe("retries_total", "Operations that failed and were tried again.", "operation")

	bulkItems = describe("bulk_items_total", "Documents of bulk requests to Elasticsearch, by what became of them; one that was refused counts each time.", "outcome")
)

func counter[N int | int64](d *prometheus.Desc, n N, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// counted shows what runner and index count.
type counted struct {
	version    string
	extraction func() string

	mu      sync.Mutex
	runner  func() pipeline.Stats
	bulk    func() (items map[string]int64, retried int64)
	retried map[string]int
}

func (c *counted) Describe(d chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		buildInfo, articlesRead, articlesStored, deadLetters, byLanguage, inFlight, oldest, retries, bulkItems,
	} {
		d <- desc
	}
}

func (c *counted) Collect(out chan<- prometheus.Metric) {
	extraction := ""
	if c.extraction != nil {
		extraction = c.extraction()
	}
	out <- gauge(buildInfo, 1, c.version, extraction)

	c.mu.Lock()
	stats, ask, again := c.runner, c.bulk, maps.Clone(c.retried)
	c.mu.Unlock()
	if stats != nil {
		s := stats()
		collectRunner(s, out)
		// 0 too, so that a rate has a start.
		for _, step := range []pipeline.Step{pipeline.StepStore, pipeline.StepBury, pipeline.StepCommit} {
			again[string(step)] += s.RetriesOf[step]
		}
	}
	if ask != nil {
		items, retried := ask()
		for outcome, n := range items {
			out <- counter(bulkItems, n, outcome)
		}
		again["bulk"] += int(retried)
	}
	for operation, n := range again {
		out <- counter(retries, n, operation)
	}
}

func collectRunner(s pipeline.Stats, out chan<- prometheus.Metric) {
	out <- counter(articlesRead, s.Read)
	out <- counter(articlesStored, s.Stored)
	out <- gauge(inFlight, float64(s.Bytes))
	out <- gauge(oldest, s.Oldest.Seconds())
	for cause, n := range s.Causes {
		out <- counter(deadLetters, n, string(cause.Stage), string(cause.Kind))
	}
	languages := map[string]int{}
	for language, n := range s.Languages {
		if language == "" {
			language = "und" // BCP 47: undetermined
		}
		languages[language] += n
	}
	for language, n := range languages {
		out <- counter(byLanguage, n, language)
	}
}
