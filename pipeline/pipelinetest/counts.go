package pipelinetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

// testCounts tests the contract of search.Counter.
func testCounts(t *testing.T, s search.Counter, recs []pipeline.Record) {
	quotes, languages, versions := 0, map[string]int{}, map[string]int{}
	var newest time.Time
	for _, r := range recs {
		quotes += len(r.Quotes)
		languages[r.Language]++
		versions[r.Version]++
		if r.Published.After(newest) {
			newest = r.Published
		}
	}
	got, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counted := func(list []search.Count) map[string]int {
		m := map[string]int{}
		for i, c := range list {
			m[c.Value] = c.Count
			if i > 0 && c.Count > list[i-1].Count && c.Value != "" {
				t.Errorf("%v are not in the order of their counts", list)
			}
		}
		return m
	}
	if got.Articles != len(recs) || got.Quotes != quotes || !got.Newest.Equal(newest) {
		t.Errorf("%d articles, %d quotes, newest of %s, want %d, %d, %s", got.Articles, got.Quotes, got.Newest, len(recs), quotes, newest)
	}
	if l, v := counted(got.Languages), counted(got.Versions); !reflect.DeepEqual(l, languages) || !reflect.DeepEqual(v, versions) {
		t.Errorf("languages %v and versions %v, want %v and %v", l, v, languages, versions)
	}
}
