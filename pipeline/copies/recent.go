package copies

import "time"

// Recent finds the firsts that were written a moment ago, and that an index may not find yet. The zero
// value is empty. It is not safe for concurrent use.
type Recent struct {
	// Keep is how long a first is remembered. Default: for ever.
	Keep time.Duration

	members map[string]*recent
	byBand  map[string][]*recent
	queue   []*recent
}

type recent struct {
	Member
	at time.Time
}

// Add remembers a first, in place of what was known by its ID.
func (r *Recent) Add(m Member) {
	r.Forget(m.ID)
	if r.members == nil {
		r.members, r.byBand = map[string]*recent{}, map[string][]*recent{}
	}
	e := &recent{m, time.Now()}
	r.members[m.ID] = e
	for _, b := range m.Print.Bands() {
		r.byBand[b] = append(r.byBand[b], e)
	}
	r.queue = append(r.queue, e)
	for r.Keep > 0 && len(r.queue) > 0 && time.Since(r.queue[0].at) > r.Keep {
		old := r.queue[0]
		r.queue = r.queue[1:]
		if r.members[old.ID] == old {
			r.Forget(old.ID)
		}
	}
}

// Forget drops what is known by an ID, for it is no first any more.
func (r *Recent) Forget(id string) {
	e := r.members[id]
	if e == nil {
		return
	}
	delete(r.members, id)
	for _, b := range e.Print.Bands() {
		list := r.byBand[b]
		for i := range list {
			if list[i] == e {
				list = append(list[:i], list[i+1:]...)
				break
			}
		}
		if len(list) == 0 {
			delete(r.byBand, b)
		} else {
			r.byBand[b] = list
		}
	}
}

// Move puts the firsts of one cluster into another.
func (r *Recent) Move(from, to string) {
	for _, e := range r.members {
		if e.Cluster == from {
			e.Cluster = to
		}
	}
}

// With adds to what an index found those firsts that may be similar to m, in place of what the index has of
// the same articles.
func (r *Recent) With(m *Member, found []Member) []Member {
	seen := map[string]bool{}
	var out []Member
	for _, b := range m.Print.Bands() {
		for _, e := range r.byBand[b] {
			if !seen[e.ID] {
				seen[e.ID] = true
				out = append(out, e.Member)
			}
		}
	}
	for _, f := range found {
		if !seen[f.ID] {
			out = append(out, f)
		}
	}
	return out
}
