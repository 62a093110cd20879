package kibana

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mappings are the types of each view's fields, as Elasticsearch has them from its templates.
type mappings map[string]map[string]string

func readMappings(t *testing.T) mappings {
	t.Helper()
	out := mappings{}
	for _, view := range []string{"articles", "mentions", "quotes"} {
		out[view] = map[string]string{}
		for _, file := range []string{"common", view} {
			b, err := os.ReadFile(filepath.Join("..", "..", "pipeline", "elastic", "templates", file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var f struct {
				Template struct {
					Mappings property `json:"mappings"`
				} `json:"template"`
			}
			if err := json.Unmarshal(b, &f); err != nil {
				t.Fatal(err)
			}
			f.Template.Mappings.list("", out[view])
		}
		if len(out[view]) < 20 {
			t.Fatalf("%s have only %d fields: the templates are not read right", view, len(out[view]))
		}
	}
	for _, view := range []string{"health", "feeds"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "pipeline", "elastic", "templates", view+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var f struct {
			Mappings property `json:"mappings"`
		}
		if err := json.Unmarshal(b, &f); err != nil {
			t.Fatal(err)
		}
		out[view] = map[string]string{}
		f.Mappings.list("", out[view])
	}
	return out
}

type property struct {
	Type       string              `json:"type"`
	Properties map[string]property `json:"properties"`
	Fields     map[string]property `json:"fields"`
}

func (p property) list(name string, into map[string]string) {
	if p.Type != "" && p.Type != "object" {
		into[name] = p.Type
	}
	for _, of := range []map[string]property{p.Properties, p.Fields} {
		for k, v := range of {
			v.list(strings.TrimPrefix(name+"."+k, "."), into)
		}
	}
}

// use is a field that a panel or view names, and what for.
type use struct {
	where, view, field string
	// kinds are the types that it may have; empty for any.
	kinds []string
}

var (
	exact   = []string{"keyword", "integer", "long", "float", "date", "boolean"}
	numbers = []string{"integer", "long", "float"}
	dates   = []string{"date"}
	ranges  = []string{"date_range"}
)

var (
	kqlField    = regexp.MustCompile(`(?:^|\b(?:and|or|not) )([\w.@]+) ?(?::|>=|<=|>|<)`)
	luceneField = regexp.MustCompile(`([\w.@]+):`)
	docField    = regexp.MustCompile(`doc\['([^']+)'\]`)
)

func queryFields(q lensQuery) []string {
	re := kqlField
	if q.Language == "lucene" {
		re = luceneField
	}
	var out []string
	for _, m := range re.FindAllStringSubmatch(q.Query, -1) {
		out = append(out, m[1])
	}
	return out
}

// uses are all fields that the objects name.
func uses(t *testing.T, list []Object) []use {
	t.Helper()
	var out []use
	for _, o := range list {
		if o.Type == "index-pattern" {
			out = append(out, viewUses(t, o)...)
			continue
		}
		out = append(out, use{o.ID + " control", "articles", "article.source", exact})
		views := map[string]string{}
		for _, r := range o.References {
			if p, _, ok := strings.Cut(r.Name, ":indexpattern-datasource-layer-"); ok {
				views[p] = strings.TrimPrefix(r.ID, "dateline-")
			}
		}
		for _, p := range panels(t, o) {
			out = append(out, panelUses(t, o.ID+" "+p.Index, views[p.Index], p)...)
		}
	}
	return out
}

func viewUses(t *testing.T, o Object) []use {
	t.Helper()
	view := strings.TrimPrefix(o.ID, "dateline-")
	out := []use{{o.ID, view, "@timestamp", dates}}
	a := open(t, o)["attributes"].(map[string]any)
	for f := range a["fieldFormatMap"].(map[string]any) {
		out = append(out, use{o.ID + " format", view, f, exact})
	}
	for f, r := range a["runtimeFieldMap"].(map[string]any) {
		found := docField.FindAllStringSubmatch(r.(map[string]any)["script"].(map[string]any)["source"].(string), -1)
		if len(found) == 0 {
			t.Errorf("%s: runtime field %s reads nothing", o.ID, f)
		}
		for _, m := range found {
			out = append(out, use{o.ID + " " + f, view, m[1], exact})
		}
	}
	return out
}

func panelUses(t *testing.T, where, view string, p panelOf) []use {
	t.Helper()
	var out []use
	if p.Config.SavedVis.Type == "vega" {
		u := vegaURL(t, p)
		view = strings.TrimPrefix(u.Index, "dateline-")
		walk(u.Body, func(k string, v any) {
			switch k {
			case "field":
				out = append(out, use{where, view, v.(string), exact})
			case "range", "term":
				for f, inner := range v.(map[string]any) {
					switch inner.(type) {
					case map[string]any, []any:
						out = append(out, use{where, view, f, exact})
					}
				}
			}
		})
		return out
	}
	for _, f := range queryFields(p.Config.Attributes.State.Query) {
		out = append(out, use{where, view, f, exact})
	}
	for _, l := range p.Config.Attributes.State.DatasourceStates.FormBased.Layers {
		for _, c := range l.Columns {
			u := use{where + " " + c.Label, view, c.Field, exact}
			switch c.Operation {
			case "date_histogram":
				u.kinds = dates
			case "sum", "average":
				u.kinds = numbers
			case "min", "max":
				u.kinds = append(slices.Clone(numbers), dates...)
			case "last_value":
				out = append(out, use{u.where, view, c.Params.SortField, dates})
			}
			if c.Field != "" && c.Field != "___records___" {
				out = append(out, u)
			}
			if c.Filter != nil {
				for _, f := range queryFields(*c.Filter) {
					out = append(out, use{u.where, view, f, exact})
				}
			}
			for _, f := range c.Params.Filters {
				fields := queryFields(f.Input)
				if len(fields) == 0 {
					t.Errorf("%s: filter %s names no field", u.where, f.Label)
				}
				for _, name := range fields {
					out = append(out, use{u.where, view, name, ranges})
				}
			}
		}
	}
	return out
}

// walk calls f for all keys of all objects within v.
func walk(v any, f func(key string, value any)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			f(k, x)
			walk(x, f)
		}
	case []any:
		for _, x := range v {
			walk(x, f)
		}
	}
}

// vegaURL is where a Vega panel's data come from.
func vegaURL(t *testing.T, p panelOf) (u struct {
	Index string         `json:"index"`
	Body  map[string]any `json:"body"`
}) {
	t.Helper()
	var spec struct {
		Data struct {
			URL json.RawMessage `json:"url"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(p.Config.SavedVis.Params.Spec), &spec); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(spec.Data.URL, &u); err != nil {
		t.Fatal(err)
	}
	return u
}

// runtimeTypes are the fields that the views compute.
func runtimeTypes(t *testing.T, list []Object) mappings {
	t.Helper()
	out := mappings{}
	for _, o := range list {
		if o.Type != "index-pattern" {
			continue
		}
		fields := map[string]string{}
		for f, r := range open(t, o)["attributes"].(map[string]any)["runtimeFieldMap"].(map[string]any) {
			fields[f] = r.(map[string]any)["type"].(string)
		}
		out[strings.TrimPrefix(o.ID, "dateline-")] = fields
	}
	return out
}

// problems are the uses that the mappings do not bear.
func problems(all []use, have, runtime mappings) []string {
	var out []string
	for _, u := range all {
		kind, ok := have[u.view][u.field]
		if !ok {
			kind, ok = runtime[u.view][u.field]
		}
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s: %s have no field %s", u.where, u.view, u.field))
		case !slices.Contains(u.kinds, kind):
			out = append(out, fmt.Sprintf("%s: %s of %s is %s, want one of %v", u.where, u.field, u.view, kind, u.kinds))
		}
	}
	return out
}

// TestFields has every field that a panel names in the mapping of its data view, of a type that can
// be counted or added up as the panel does.
func TestFields(t *testing.T) {
	list := objects(t, Options{})
	all, have, runtime := uses(t, list), readMappings(t), runtimeTypes(t, list)
	for _, p := range problems(all, have, runtime) {
		t.Error(p)
	}
	if len(all) < 100 {
		t.Errorf("only %d uses of fields found", len(all))
	}
	// A field that gets another name in the mapping does break this test.
	for _, u := range all {
		if _, ok := have[u.view][u.field]; !ok {
			continue
		}
		renamed := maps.Clone(have)
		renamed[u.view] = maps.Clone(have[u.view])
		delete(renamed[u.view], u.field)
		if len(problems(all, renamed, runtime)) == 0 {
			t.Errorf("%s of %s may be renamed unseen", u.field, u.view)
		}
	}
}

// TestDrillDowns follows each link between dashboards: the field that is filtered by must be in all
// documents that the other one shows, or it would be empty.
func TestDrillDowns(t *testing.T) {
	list, have := objects(t, Options{}), readMappings(t)
	views := map[string]map[string]bool{} // of each dashboard
	for _, o := range list {
		views[o.ID] = map[string]bool{}
		if o.Type != "dashboard" {
			continue
		}
		for _, p := range panels(t, o) {
			for _, l := range p.Config.Attributes.State.DatasourceStates.FormBased.Layers {
				if !l.Unfiltered {
					views[o.ID][strings.TrimPrefix(p.Config.Attributes.References[0].ID, "dateline-")] = true
				}
			}
		}
	}
	links := 0
	for _, o := range list {
		if o.Type != "dashboard" {
			continue
		}
		for _, p := range panels(t, o) {
			for _, r := range o.References {
				if !strings.HasPrefix(r.Name, p.Index+":drilldown:") {
					continue
				}
				links++
				for _, l := range p.Config.Attributes.State.DatasourceStates.FormBased.Layers {
					for _, c := range l.Columns {
						if !c.Bucketed || c.Operation != "terms" {
							continue
						}
						for view := range views[r.ID] {
							if have[view][c.Field] == "" {
								t.Errorf("%s %s leads to %s, whose %s have no field %s", o.ID, p.Index, r.ID, view, c.Field)
							}
						}
					}
				}
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links from panel to panel", links)
	}
}

// TestQuestions has each dashboard answer what it is for: there is a panel with these buckets, the
// outermost first, and with these values.
func TestQuestions(t *testing.T) {
	has := map[string][]string{}
	links, drills := map[string]bool{}, map[string]int{}
	for _, o := range objects(t, Options{}) {
		name := strings.TrimPrefix(o.ID, "dateline-")
		if o.Type == "index-pattern" {
			for f := range open(t, o)["attributes"].(map[string]any)["fieldFormatMap"].(map[string]any) {
				links[name+" "+f] = true
			}
			continue
		}
		for _, p := range panels(t, o) {
			drills[name] += len(p.Config.Enhancements.DynamicActions.Events)
			if p.Config.SavedVis.Type == "vega" {
				has[name] = append(has[name], "rising "+p.Index[:strings.Index(p.Index, "-")])
			}
			for _, l := range p.Config.Attributes.State.DatasourceStates.FormBased.Layers {
				var rows, values []string
				for _, id := range l.Order {
					if c := l.Columns[id]; c.Bucketed {
						rows = append(rows, c.Field)
					} else {
						values = append(values, c.Operation+" "+c.Field)
					}
				}
				view := strings.TrimPrefix(p.Config.Attributes.References[0].ID, "dateline-")
				for _, v := range values {
					has[name] = append(has[name], view+": "+strings.Join(rows, ", ")+": "+v)
				}
			}
		}
	}
	const articles = ": count ___records___"
	for name, want := range map[string][]string{
		"overview": {
			"articles: @timestamp, article.source" + articles, "articles: people" + articles, "articles: organisations" + articles, "articles: places" + articles,
			"quotes: quote.text.keyword: last_value speaker.name", "articles: article.language" + articles, "health: : sum health.dead",
		},
		"people": {
			"articles: @timestamp, people" + articles, "articles: @timestamp, organisations" + articles, "rising people", "rising organisations",
			"articles: people, organisations" + articles, "mentions: entity.name, people" + articles, "mentions: entity.role.keyword, entity.name" + articles,
		},
		"quotes": {
			"quotes: speaker.name" + articles, "quotes: quote.cue" + articles, "quotes: organisations" + articles, "quotes: quote.text.keyword: last_value article.id",
			"quotes: quote.text.keyword: last_value url.full", "quotes: quote.text.keyword: last_value speaker.key",
		},
		"dates": {"articles: mentioned.day" + articles, "articles: mentioned.coming, organisations" + articles, "articles: date_values, places" + articles},
		"health": {
			"health: @timestamp: sum health.read", "health: @timestamp: sum health.stored", "health: @timestamp, host.name: max health.lag",
			"health: @timestamp, health.partition: max health.waiting", "health: @timestamp, health.stage: sum health.dead", "health: health.stage, health.reason: sum health.dead",
			"feeds: feed.url, feed.reason" + articles, "feeds: @timestamp, feed.outcome" + articles, "feeds: feed.url: max feed.succeeded",
		},
	} {
		for _, w := range want {
			if !slices.Contains(has[name], w) {
				t.Errorf("%s has no panel with %q; it has\n%s", name, w, strings.Join(has[name], "\n"))
			}
		}
		if drills[name] == 0 {
			t.Errorf("%s leads to no other dashboard", name)
		}
	}
	for _, l := range []string{"articles article.id", "mentions article.id", "mentions entity.key", "quotes article.id", "quotes speaker.key", "articles url.full", "feeds feed.url"} {
		if !links[l] {
			t.Errorf("%s is no link", l)
		}
	}
}
