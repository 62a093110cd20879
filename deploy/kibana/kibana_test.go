package kibana

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write dateline.ndjson")

func objects(t *testing.T, o Options) []Object {
	t.Helper()
	list, err := Objects(o)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestNDJSON compares what is checked in, and so also keeps the IDs.
func TestNDJSON(t *testing.T) {
	got, err := NDJSON(Options{})
	if err != nil {
		t.Fatal(err)
	}
	const path = "dateline.ndjson"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the dashboards make: run go generate ./deploy/kibana", path)
	}
}

// open decodes the JSON that Kibana keeps as text.
func open(t *testing.T, o Object) map[string]any {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	decode := func(m map[string]any, keys ...string) {
		for _, k := range keys {
			s, ok := m[k].(string)
			if !ok {
				t.Fatalf("%s %s: %s is no text: %v", o.Type, o.ID, k, m[k])
			}
			var v any
			if err := json.Unmarshal([]byte(s), &v); err != nil {
				t.Fatalf("%s %s: %s: %v", o.Type, o.ID, k, err)
			}
			m[k] = v
		}
	}
	a := out["attributes"].(map[string]any)
	if o.Type == "dashboard" {
		decode(a, "panelsJSON", "optionsJSON")
		decode(a["kibanaSavedObjectMeta"].(map[string]any), "searchSourceJSON")
		decode(a["controlGroupInput"].(map[string]any), "panelsJSON", "ignoreParentSettingsJSON")
	} else {
		decode(a, "fields", "sourceFilters", "fieldAttrs", "typeMeta", "fieldFormatMap", "runtimeFieldMap")
	}
	return out
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestSchema has all that we write be what Kibana exports, in the versions that we promise.
func TestSchema(t *testing.T) {
	schema := compileSchema(t)
	for _, o := range objects(t, Options{}) {
		v := open(t, o)
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s %s: %v", o.Type, o.ID, err)
		}
		version := map[string]string{"index-pattern": viewVersion, "dashboard": dashboardVersion}[o.Type]
		if o.CoreMigrationVersion != CoreVersion || o.TypeMigrationVersion != version || o.Managed {
			t.Errorf("%s %s: of version %s, %s, managed %v", o.Type, o.ID, o.CoreMigrationVersion, o.TypeMigrationVersion, o.Managed)
		}
		if strings.ToLower(o.ID) != o.ID || strings.ContainsAny(o.ID, " /") {
			t.Errorf("%s %q: an ID that an address would not bear", o.Type, o.ID)
		}
	}
}

// freeNames are the objects whose properties have names of the user's own.
var freeNames = regexp.MustCompile(`(^|/)(columns|layers|fieldFormatMap|runtimeFieldMap|adHocDataViews|incompleteColumns|controlGroupInput/panelsJSON)$`)

// TestSchemaRefuses spoils each property of a data view and of a panel of each kind in two ways, and
// has the schema refuse each: under another name, and with a value of another type.
func TestSchemaRefuses(t *testing.T) {
	schema := compileSchema(t)
	tried := 0
	var spoil func(root, v any, where string)
	refused := func(root any, where, how string) {
		tried++
		if schema.Validate(root) == nil {
			t.Errorf("%s %s is taken", where, how)
		}
	}
	spoil = func(root, v any, where string) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				at, was := strings.TrimPrefix(where+"/"+k, "/"), v[k]
				if !freeNames.MatchString(where) {
					delete(v, k)
					v[k+"s"] = was
					refused(root, at, "under another name")
					delete(v, k+"s")
				}
				v[k] = []any{map[string]any{"odd": 1.5}}
				refused(root, at, "of another type")
				v[k] = was
				spoil(root, was, at)
			}
		case []any:
			for _, x := range v {
				spoil(root, x, where)
			}
		}
	}
	seen := map[string]bool{}
	for _, o := range objects(t, Options{}) {
		v := open(t, o)
		a := v["attributes"].(map[string]any)
		list, ok := a["panelsJSON"].([]any)
		if !ok {
			spoil(v, v, "")
			continue
		}
		for _, p := range list {
			// A panel of each kind stands for all of them; it is spoilt alone in its dashboard.
			var of panelOf
			b, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &of); err != nil {
				t.Fatal(err)
			}
			kind := of.Config.Attributes.Visualization + of.Config.SavedVis.Type
			for _, l := range of.Config.Attributes.State.DatasourceStates.FormBased.Layers {
				for _, id := range l.Order {
					kind += " " + l.Columns[id].Operation
				}
			}
			if seen[kind] {
				continue
			}
			seen[kind] = true
			a["panelsJSON"] = []any{p}
			if len(seen) == 1 {
				spoil(v, v, "") // the dashboard, too
			} else {
				spoil(v, p, "panel")
			}
		}
	}
	if len(seen) < 15 || tried < 2000 {
		t.Errorf("only %d kinds of panels and %d changes", len(seen), tried)
	}
	t.Logf("%d kinds of panels, %d changes", len(seen), tried)
}

// TestExports reads exports of Kibana 8 that are not in this repository, if DATELINE_KIBANA_EXPORTS names
// a folder of them (such as a checkout of https://github.com/elastic/elastic-package, or packages of
// https://github.com/elastic/integrations): each data view and dashboard of 8.x, and each of its panels
// of the kinds that we write, must be what our schema says.
func TestExports(t *testing.T) {
	dir := os.Getenv("DATELINE_KIBANA_EXPORTS")
	if dir == "" {
		t.Skip("DATELINE_KIBANA_EXPORTS names no folder with exports")
	}
	e := &exports{t: t, schema: compileSchema(t), good: map[string]int{}, all: map[string]int{}, other: map[string]int{}}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		docs := [][]byte{b}
		switch filepath.Ext(path) {
		case ".ndjson":
			docs = bytes.Split(b, []byte("\n"))
		case ".json":
		default:
			return nil
		}
		for _, doc := range docs {
			var v map[string]any
			if json.Unmarshal(doc, &v) == nil {
				e.look(path, v)
			}
		}
		return nil
	})
	if err != nil || len(e.all) == 0 {
		t.Fatalf("no exports of 8.x in %s, %v", dir, err)
	}
	for _, kind := range slices.Sorted(maps.Keys(e.all)) {
		t.Logf("%s: %d of %d", kind, e.good[kind], e.all[kind])
	}
	t.Logf("left out: %v", e.other)
}

// exports counts what the schema takes, by kind.
type exports struct {
	t                *testing.T
	schema           *jsonschema.Schema
	good, all, other map[string]int
}

// written are the kinds of panels that we write.
var written = regexp.MustCompile(`^(lens/(lnsXY|lnsMetric|lnsDatatable|lnsPie|lnsHeatmap)|visualization/(markdown|vega))$`)

func (e *exports) look(path string, v map[string]any) {
	a, _ := v["attributes"].(map[string]any)
	core, _ := v["coreMigrationVersion"].(string)
	kind, _ := v["typeMigrationVersion"].(string)
	if !strings.HasPrefix(core, "8.") || a == nil {
		return
	}
	if kind != "" && !strings.HasPrefix(kind, "8.") {
		e.other["of a later form, "+kind]++ // of 8.14 and newer, which read what we write as well
		return
	}
	switch v["type"] {
	case "index-pattern":
		unfold(a)
		e.count(path, "data view", v)
	case "dashboard":
		unfold(a)
		list, _ := a["panelsJSON"].([]any)
		var kept []any
		for _, p := range list {
			kind := kindOf(p.(map[string]any))
			if !written.MatchString(kind) {
				e.other[kind]++
				continue
			}
			kept, a["panelsJSON"] = append(kept, p), []any{p}
			e.count(path, kind, v)
		}
		if a["panelsJSON"] = kept; len(kept) > 0 {
			e.count(path, "dashboard", v)
		}
	}
}

func (e *exports) count(path, kind string, v any) {
	e.all[kind]++
	if err := e.schema.Validate(v); err != nil {
		e.t.Errorf("%s: %s: %.3000s", path, kind, err.Error())
		return
	}
	e.good[kind]++
}

// unfold decodes what Kibana keeps as text, unless it is decoded, as in the packages of Elastic's own.
func unfold(a map[string]any) {
	for _, at := range [][]string{{"panelsJSON"}, {"optionsJSON"}, {"fields"}, {"sourceFilters"}, {"fieldAttrs"}, {"typeMeta"}, {"fieldFormatMap"}, {"runtimeFieldMap"}, {"kibanaSavedObjectMeta", "searchSourceJSON"}, {"controlGroupInput", "panelsJSON"}, {"controlGroupInput", "ignoreParentSettingsJSON"}} {
		m := a
		for _, k := range at[:len(at)-1] {
			m, _ = m[k].(map[string]any)
		}
		key := at[len(at)-1]
		if s, ok := m[key].(string); ok {
			var v any
			if json.Unmarshal([]byte(s), &v) == nil {
				m[key] = v
			}
		}
	}
}

func kindOf(p map[string]any) string {
	kind, _ := p["type"].(string)
	config, _ := p["embeddableConfig"].(map[string]any)
	if a, ok := config["attributes"].(map[string]any); ok {
		v, _ := a["visualizationType"].(string)
		return kind + "/" + v
	}
	if s, ok := config["savedVis"].(map[string]any); ok {
		v, _ := s["type"].(string)
		return kind + "/" + v
	}
	return kind + " by reference"
}

// panelOf is a panel as the dashboards have it, decoded.
type panelOf struct {
	Type   string                   `json:"type"`
	Index  string                   `json:"panelIndex"`
	Title  string                   `json:"title"`
	Grid   struct{ X, Y, W, H int } `json:"gridData"`
	Config struct {
		Enhancements struct {
			DynamicActions struct {
				Events []struct {
					ID string `json:"eventId"`
				} `json:"events"`
			} `json:"dynamicActions"`
		} `json:"enhancements"`
		SavedVis struct {
			Type   string `json:"type"`
			Params struct {
				Spec string `json:"spec"`
			} `json:"params"`
		} `json:"savedVis"`
		Attributes struct {
			Visualization string      `json:"visualizationType"`
			References    []Reference `json:"references"`
			State         struct {
				Visualization    json.RawMessage `json:"visualization"`
				Query            lensQuery       `json:"query"`
				DatasourceStates struct {
					FormBased struct {
						Layers map[string]lensLayer `json:"layers"`
					} `json:"formBased"`
				} `json:"datasourceStates"`
			} `json:"state"`
		} `json:"attributes"`
	} `json:"embeddableConfig"`
}

type lensQuery struct {
	Query    string `json:"query"`
	Language string `json:"language"`
}

type lensLayer struct {
	Columns map[string]lensColumn `json:"columns"`
	Order   []string              `json:"columnOrder"`
	// Unfiltered layers keep what a reader filters by out.
	Unfiltered bool `json:"ignoreGlobalFilters"`
}

type lensColumn struct {
	Label     string     `json:"label"`
	DataType  string     `json:"dataType"`
	Operation string     `json:"operationType"`
	Field     string     `json:"sourceField"`
	Bucketed  bool       `json:"isBucketed"`
	Filter    *lensQuery `json:"filter"`
	Params    struct {
		Interval         string `json:"interval"`
		IncludeEmptyRows bool   `json:"includeEmptyRows"`
		IgnoreTimeRange  bool   `json:"ignoreTimeRange"`
		Size             int    `json:"size"`
		OrderBy          struct {
			Type     string `json:"type"`
			ColumnID string `json:"columnId"`
		} `json:"orderBy"`
		OrderDirection string `json:"orderDirection"`
		AccuracyMode   bool   `json:"accuracyMode"`
		Filters        []struct {
			Label string    `json:"label"`
			Input lensQuery `json:"input"`
		} `json:"filters"`
		SortField       string `json:"sortField"`
		ShowArrayValues bool   `json:"showArrayValues"`
	} `json:"params"`
}

func panels(t *testing.T, o Object) []panelOf {
	t.Helper()
	var out []panelOf
	if err := json.Unmarshal([]byte(o.Attributes["panelsJSON"].(string)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestReferences looks at what Kibana's import looks at: that all references are to something that
// is imported with them or before, and that all that needs one has it.
func TestReferences(t *testing.T) {
	list := objects(t, Options{})
	there := map[string]bool{}
	for _, o := range list {
		key := o.Type + " " + o.ID
		if there[key] {
			t.Errorf("%s is there twice", key)
		}
		there[key] = true
	}
	for _, o := range list {
		has := map[string]string{}
		for _, r := range o.References {
			if !there[r.Type+" "+r.ID] {
				t.Errorf("%s refers to %s %s, which is not there", o.ID, r.Type, r.ID)
			}
			if has[r.Name] != "" {
				t.Errorf("%s has two references named %s", o.ID, r.Name)
			}
			has[r.Name] = r.ID
		}
		if o.Type != "dashboard" {
			continue
		}
		used := 1
		if has["controlGroup_source:optionsListDataView"] == "" {
			t.Errorf("%s: the control lacks its data view", o.ID)
		}
		for _, p := range panels(t, o) {
			for _, e := range p.Config.Enhancements.DynamicActions.Events {
				used++
				if has[p.Index+":drilldown:DASHBOARD_TO_DASHBOARD_DRILLDOWN:"+e.ID+":dashboardId"] == "" {
					t.Errorf("%s: drill-down %s lacks its dashboard", o.ID, e.ID)
				}
			}
			for name, l := range p.Config.Attributes.State.DatasourceStates.FormBased.Layers {
				used++
				if has[p.Index+":indexpattern-datasource-layer-"+name] == "" {
					t.Errorf("%s: panel %s lacks its data view", o.ID, p.Index)
				}
				if len(l.Order) != len(l.Columns) {
					t.Errorf("%s: panel %s: %d columns in order, %d in all", o.ID, p.Index, len(l.Order), len(l.Columns))
				}
				// What is drawn names the columns by their IDs.
				state := string(p.Config.Attributes.State.Visualization)
				for id := range l.Columns {
					if !strings.Contains(state, `"`+id+`"`) {
						t.Errorf("%s: panel %s does not draw column %s", o.ID, p.Index, id)
					}
				}
			}
		}
		if used != len(o.References) {
			t.Errorf("%s: %d references, %d used", o.ID, len(o.References), used)
		}
	}
}

func TestGrid(t *testing.T) {
	for _, o := range objects(t, Options{}) {
		if o.Type != "dashboard" {
			continue
		}
		list := panels(t, o)
		seen := map[string]bool{}
		for i, p := range list {
			if seen[p.Index] {
				t.Errorf("%s: two panels %s", o.ID, p.Index)
			}
			seen[p.Index] = true
			g := p.Grid
			if g.X+g.W > 48 {
				t.Errorf("%s: %s goes over the edge", o.ID, p.Index)
			}
			for _, q := range list[:i] {
				if g.X < q.Grid.X+q.Grid.W && q.Grid.X < g.X+g.W && g.Y < q.Grid.Y+q.Grid.H && q.Grid.Y < g.Y+g.H {
					t.Errorf("%s: %s lies on %s", o.ID, p.Index, q.Index)
				}
			}
		}
	}
}

// TestOptions has another prefix and address all through.
func TestOptions(t *testing.T) {
	b, err := NDJSON(Options{Prefix: "desk", Links: "https://news.example.org/dateline/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"dateline-", "localhost:8080", "{links}", "{prefix}", "dateline//"} {
		if bytes.Contains(b, []byte(bad)) {
			t.Errorf("there is %q left in it", bad)
		}
	}
	for _, want := range []string{`"id":"desk-overview"`, `"title":"desk-articles"`, `https://news.example.org/dateline/articles/{{value}}`} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("it lacks %s", want)
		}
	}
	for _, bad := range []string{"localhost:8080", "ftp://host", "http://"} {
		if _, err := Objects(Options{Links: bad}); err == nil || !strings.Contains(err.Error(), "want http://host:8080") {
			t.Errorf("Objects with links %q returns %v", bad, err)
		}
	}
}
