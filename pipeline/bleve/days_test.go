package bleve

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline/search"
)

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func TestCells(t *testing.T) {
	for _, c := range []struct {
		from, to time.Time
		want     []string
	}{
		{date(2025, 1, 14), date(2025, 1, 15), []string{"20250114"}},
		{date(2025, 1, 14).Add(5 * time.Hour), date(2025, 1, 14).Add(6 * time.Hour), []string{"20250114"}},
		{date(2024, 2, 1), date(2024, 3, 1), []string{"202402"}},
		{date(2023, 12, 31), date(2025, 1, 2), []string{"20231231", "2024", "20250101"}},
		{date(1900, 1, 1), date(2000, 1, 1), []string{"19"}},
		{date(-50, 1, 1), date(0, 1, 3), []string{"00000101", "00000102"}},
		{date(9999, 12, 31), date(20000, 1, 1), []string{"99991231"}},
		{date(2025, 1, 15), date(2025, 1, 14), nil},
	} {
		if got := cells(c.from, c.to); !slices.Equal(got, c.want) {
			t.Errorf("%s to %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
	if n := len(queryDays(date(1, 2, 3), time.Time{})); n > 1000 {
		t.Errorf("an open end makes %d terms", n)
	}
}

// TestOverlap compares terms with arithmetic.
func TestOverlap(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	length := []int{1, 1, 2, 28, 31, 40, 365, 366, 800, 36524, 40000}
	found := 0
	for range 20000 {
		a := date(1890+r.IntN(140), 1+r.IntN(12), 1+r.IntN(28)*r.IntN(2))
		b := a.AddDate(0, 0, length[r.IntN(len(length))])
		f := a.AddDate(0, 0, r.IntN(1000)-500)
		to := f.AddDate(0, 0, length[r.IntN(len(length))])
		if r.IntN(3) == 0 {
			a, b = a.Add(time.Duration(r.IntN(20))*time.Hour), b.Add(-time.Duration(r.IntN(3))*time.Hour)
		}
		want := a.Before(to) && b.After(f)
		terms := indexDays([]search.Interval{{From: a, To: b}})
		got := slices.ContainsFunc(queryDays(f, to), func(q string) bool { return slices.Contains(terms, q) })
		if got != want {
			t.Fatalf("%s to %s and %s to %s: overlap %t, want %t", a, b, f, to, got, want)
		}
		if want {
			found++
		}
	}
	if found < 1000 {
		t.Errorf("only %d overlap", found)
	}
}
