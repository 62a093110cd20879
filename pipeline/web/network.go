package web

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/datelinenews/dateline/pipeline/search"
)

// networkView is a picture of the entities that one appears with most: itself in the middle, the
// others on an ellipse around it, grouped by type, and a curve for each two that are in the same
// articles.
type networkView struct {
	W, H  float64
	Nodes []nodeView
	Links []tieView
	Alt   string
}

type nodeView struct {
	X, Y, R      float64
	TextX, TextY float64
	Anchor       string
	Name, Class  string
	URL, Title   string
	Centre       bool
}

type tieView struct {
	Path  string
	Width float64
	Class string
	Title string
}

// neighbour is an entity that appears with another.
type neighbour struct {
	name, facet, key string
	count            int
}

// neighbours are the most frequent companions of an entity, of all types.
func neighbours(counts map[string][]search.Count, key string) []neighbour {
	var out []neighbour
	for _, facet := range []string{search.FacetPerson, search.FacetOrganisation, search.FacetPlace} {
		for _, c := range counts[facet] {
			if k := entityKey(facet, c.Value); k != key {
				out = append(out, neighbour{c.Value, facet, k, c.Count})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b neighbour) int { return cmp.Compare(b.count, a.count) })
	out = out[:min(tiesMost, len(out))]
	slices.SortStableFunc(out, func(a, b neighbour) int { return cmp.Compare(a.facet, b.facet) })
	return out
}

// nearest is how often the most frequent is there.
func nearest(near []neighbour) int {
	most := 1
	for _, n := range near {
		most = max(most, n.count)
	}
	return most
}

// linksMost is the most ties among neighbours that are drawn: the strongest.
const linksMost = 32

// strongest are all ties of the one in the middle, and the strongest of the others.
func strongest(ties []search.Tie) []search.Tie {
	slices.SortStableFunc(ties, func(a, b search.Tie) int {
		return cmp.Or(cmp.Compare(min(a.A, 1), min(b.A, 1)), cmp.Compare(b.Count, a.Count))
	})
	own := 0
	for own < len(ties) && ties[own].A == 0 {
		own++
	}
	ties = ties[:min(len(ties), own+linksMost)]
	slices.Reverse(ties) // so that the own are drawn above
	return ties
}

// network draws an entity among its neighbours.
func (s *Server) network(ctx context.Context, e entityView, near []neighbour) (networkView, error) {
	v := networkView{W: 720, H: 420}
	if len(near) == 0 {
		return v, nil
	}
	groups := [][]string{{e.Key}}
	for _, n := range near {
		groups = append(groups, []string{n.key})
	}
	ties, err := s.Store.Ties(ctx, search.Query{Entities: [][]string{{e.Key}}}, groups)
	if err != nil {
		return v, err
	}
	cx, cy := v.W/2, v.H/2
	rx, ry := v.W/2-190, v.H/2-32
	most := nearest(near)
	v.Nodes = append(v.Nodes, nodeView{
		X: cx, Y: cy, R: 13, TextX: cx, TextY: cy + 30, Anchor: "middle", Name: cut(e.Name, 40), Class: e.Class, Centre: true,
		URL: entityURL(e.Key), Title: e.Name,
	})
	for i, n := range near {
		angle := -math.Pi/2 + 2*math.Pi*(float64(i)+0.5)/float64(len(near))
		node := nodeView{
			X: round(cx + rx*math.Cos(angle)), Y: round(cy + ry*math.Sin(angle)), R: round(4 + 6*math.Sqrt(float64(n.count)/float64(most))),
			Name: show(cut(n.name, 30)), Class: n.facet, URL: entityURL(n.key), Anchor: "start",
			Title: show(n.name) + ": together in " + plural(n.count, "article", "articles"),
		}
		node.TextX, node.TextY = round(node.X+node.R+5), round(node.Y+4)
		if math.Cos(angle) < 0 {
			node.Anchor, node.TextX = "end", round(node.X-node.R-5)
		}
		v.Nodes = append(v.Nodes, node)
	}
	for _, t := range strongest(ties) {
		a, b := v.Nodes[t.A], v.Nodes[t.B]
		link := tieView{
			Width: round(0.6 + 4*math.Sqrt(float64(t.Count)/float64(max(most, t.Count)))), Class: "tie",
			Title: a.Name + " and " + b.Name + ": " + plural(t.Count, "article", "articles"),
		}
		// Ties among neighbours bend towards the middle, away from the names.
		mx, my := (a.X+b.X)/2, (a.Y+b.Y)/2
		if t.A == 0 {
			link.Class = "tie own"
		} else {
			mx, my = mx+(cx-mx)*0.45, my+(cy-my)*0.45
		}
		link.Path = curve(a.X, a.Y, mx, my, b.X, b.Y)
		v.Links = append(v.Links, link)
	}
	v.Alt = e.Name + " and the " + plural(len(near), "entity", "entities") + " that it appears with most; the same is listed below"
	return v, nil
}

func curve(x1, y1, mx, my, x2, y2 float64) string {
	return "M" + num(x1) + " " + num(y1) + " Q" + num(mx) + " " + num(my) + " " + num(x2) + " " + num(y2)
}

func num(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
