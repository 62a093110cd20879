package kibana

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
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

func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects(t, Options{}) {
		v := open(t, o)
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s %s: %v", o.Type, o.ID, err)
		}
		// The schema does refuse: a property that exports do not have.
		v["attributes"].(map[string]any)["colour"] = "red"
		if schema.Validate(v) == nil {
			t.Errorf("%s %s: the schema takes anything", o.Type, o.ID)
		}
	}
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
