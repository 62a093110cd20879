package copies

import (
	"slices"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// Window is how far apart in time two copies are published at most. What has no time is compared with
// everything.
const Window = 7 * 24 * time.Hour

// Member is an article, as far as its cluster goes.
type Member struct {
	ID        string
	Cluster   string
	First     bool
	Published time.Time
	Print     Print
}

// NewMember is a record's member, with the cluster that the record has.
func NewMember(r *pipeline.Record) Member {
	return Member{ID: r.ID, Cluster: r.Cluster, First: r.First, Published: r.Published, Print: Of(body(r))}
}

// body is the text without the title, which each publisher makes its own.
func body(r *pipeline.Record) string {
	if n := len(r.Title); n > 0 && len(r.Text) > n && r.Text[:n] == r.Title {
		return r.Text[n:]
	}
	return r.Text
}

// Before reports whether m goes before o as the first of a cluster: it was published earlier, or at the
// same time and its ID is less. What has no time goes last.
func (m *Member) Before(o *Member) bool {
	switch {
	case m.Published.IsZero() != o.Published.IsZero():
		return o.Published.IsZero()
	case !m.Published.Equal(o.Published):
		return m.Published.Before(o.Published)
	}
	return m.ID < o.ID
}

// Near reports whether m and o were published within the Window.
func (m *Member) Near(o *Member) bool {
	return m.Published.IsZero() || o.Published.IsZero() || m.Published.Sub(o.Published).Abs() <= Window
}

// Regroup is what a Join changes in others.
type Regroup struct {
	// Demoted are firsts that m takes the place of.
	Demoted []Member
	// Left are clusters that go where m goes, all of them.
	Left []string
}

// Join puts m into a cluster, given the firsts of clusters that may be similar, among them m itself as it
// was stored before, where it was one.
//
// A copy is one of a cluster's first article, so that clusters do not grow from one copy of a copy to
// the next. Of several firsts that m is a copy of, the earliest counts; where m is earlier than all, they
// are copies of m.
func (m *Member) Join(firsts []Member) Regroup {
	var self *Member
	var similar []Member
	for i := range firsts {
		f := &firsts[i]
		switch {
		case f.ID == m.ID:
			self = f
		case m.Near(f) && m.Print.Copy(&f.Print):
			similar = append(similar, *f)
		}
	}
	slices.SortFunc(similar, func(a, b Member) int {
		if a.Before(&b) {
			return -1
		}
		return 1
	})
	var rg Regroup
	leave := func(cluster string) {
		if cluster != m.Cluster && !slices.Contains(rg.Left, cluster) {
			rg.Left = append(rg.Left, cluster)
		}
	}
	switch {
	case len(similar) > 0:
		m.Cluster, m.First = similar[0].Cluster, m.Before(&similar[0])
	case self != nil:
		m.Cluster, m.First = self.Cluster, true
	default:
		m.Cluster, m.First = m.ID, true
	}
	if m.First {
		rg.Demoted = similar
		for _, f := range similar {
			leave(f.Cluster)
		}
	}
	if self != nil {
		leave(self.Cluster)
	}
	return rg
}

// Set gives a record its cluster.
func (m *Member) Set(r *pipeline.Record) { r.Cluster, r.First = m.Cluster, m.First }
