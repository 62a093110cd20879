package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Profiler answers what a page about an entity, or about dates, shows. It is safe for concurrent use.
type Profiler interface {
	// Profile says what the articles that a query asks for call the entity of the keys. Its lists
	// are no longer than limit.
	Profile(ctx context.Context, q Query, keys []string, limit int) (*Profile, error)
	// Ties counts the articles that a query asks for in which two entities are together, for all
	// pairs of the groups of keys. A pair that is never together is left out; the pairs are in
	// order.
	Ties(ctx context.Context, q Query, groups [][]string) ([]Tie, error)
	// Values counts the TIMEX3 values of the dates that the articles mention which a query asks
	// for, most frequent first and then by value.
	Values(ctx context.Context, q Query, limit int) ([]Count, error)
}

// Profile is what articles say of an entity.
type Profile struct {
	// Names are the forms in which articles name it, with the number of articles that do, most
	// frequent first and then by value.
	Names []Count `json:"names"`
	// Roles are likewise.
	Roles []Role `json:"roles"`
	// Affiliations are the organisations that articles say a person belongs to, likewise.
	Affiliations []Affiliation `json:"affiliations"`
}

// Affiliation is to which organisation articles say that a person belongs.
type Affiliation struct {
	Organisation string `json:"organisation"`
	Count        int    `json:"count"`
	// First and Last are as in Role.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// Role is how articles introduce a person.
type Role struct {
	Role  string `json:"role"`
	Count int    `json:"count"`
	// First and Last are when the first and the last of these articles were published; zero where
	// that is not known of any.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// Tie is two of the groups asked for, by their indices, the lesser first.
type Tie struct {
	A     int `json:"a"`
	B     int `json:"b"`
	Count int `json:"count"`
}

// TopCounts are the counts of a map, most frequent first and then by value, at most limit.
func TopCounts(counts map[string]int, limit int) []Count {
	out := make([]Count, 0, len(counts))
	for v, n := range counts {
		out = append(out, Count{Value: v, Count: n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return out[:min(limit, len(out))]
}

// TopRoles are roles as TopCounts are counts.
func TopRoles(roles map[string]*Role, limit int) []Role {
	out := make([]Role, 0, len(roles))
	for _, r := range roles {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Role) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Role, b.Role))
	})
	return out[:min(limit, len(out))]
}

// TopAffiliations are the same of affiliations, which are counted as roles are.
func TopAffiliations(counted map[string]*Role, limit int) []Affiliation {
	out := []Affiliation{}
	for _, r := range TopRoles(counted, limit) {
		out = append(out, Affiliation{Organisation: r.Role, Count: r.Count, First: r.First, Last: r.Last})
	}
	return out
}

// Add counts one article with the role.
func (r *Role) Add(published time.Time) {
	r.Count++
	if published.IsZero() {
		return
	}
	published = published.UTC()
	if r.First.IsZero() || published.Before(r.First) {
		r.First = published
	}
	if published.After(r.Last) {
		r.Last = published
	}
}
