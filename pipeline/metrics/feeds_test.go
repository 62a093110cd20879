package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// Feeds' metrics are there from the start, and count polls and articles.
func TestFeeds(t *testing.T) {
	m := New("v1", nil)
	f := m.Feeds()
	f.Polled("new", 20, 1, 2*time.Second)
	f.Polled("unchanged", 0, 0, 20*time.Millisecond)
	want := `
# HELP dateline_feed_articles_total Items of feeds, by outcome: new ones that were read, or put_off because their page failed for now.
# TYPE dateline_feed_articles_total counter
dateline_feed_articles_total{outcome="new"} 20
dateline_feed_articles_total{outcome="put_off"} 1
# HELP dateline_feed_polls_total Polls of feeds, by outcome: new, unchanged or failed.
# TYPE dateline_feed_polls_total counter
dateline_feed_polls_total{outcome="failed"} 0
dateline_feed_polls_total{outcome="new"} 1
dateline_feed_polls_total{outcome="unchanged"} 1
`
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(want), "dateline_feed_polls_total", "dateline_feed_articles_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(m.registry, "dateline_feed_seconds"); err != nil || n != 1 {
		t.Error(n, err)
	}
}
