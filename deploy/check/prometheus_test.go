package check

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"gopkg.in/yaml.v3"
)

// unitTests is the part of promtool's form that alerts_test.yaml uses.
type unitTests struct {
	RuleFiles []string       `yaml:"rule_files"`
	Interval  model.Duration `yaml:"evaluation_interval"`
	Tests     []struct {
		Name     string         `yaml:"name"`
		Interval model.Duration `yaml:"interval"`
		Series   []struct {
			Series string `yaml:"series"`
			Values string `yaml:"values"`
		} `yaml:"input_series"`
		Alerts []struct {
			At     model.Duration `yaml:"eval_time"`
			Name   string         `yaml:"alertname"`
			Expect []struct {
				Labels      map[string]string `yaml:"exp_labels"`
				Annotations map[string]string `yaml:"exp_annotations"`
			} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// TestAlerts runs alerts_test.yaml as promtool does, with Prometheus' own rules and query engine.
func TestAlerts(t *testing.T) {
	var file unitTests
	dec := yaml.NewDecoder(strings.NewReader(string(read(t, "prometheus", "alerts_test.yaml"))))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(deploy, "prometheus", file.RuleFiles[0])
	tested := map[string]bool{}
	for _, c := range file.Tests {
		t.Run(c.Name, func(t *testing.T) {
			var load strings.Builder
			fmt.Fprintf(&load, "load %s\n", c.Interval)
			for _, s := range c.Series {
				fmt.Fprintf(&load, "  %s %s\n", s.Series, s.Values)
			}
			suite, err := promqltest.NewLazyLoader(load.String(), promqltest.LazyLoaderOpts{})
			if err != nil {
				t.Fatal(err)
			}
			defer suite.Close()
			suite.SubqueryInterval = time.Duration(file.Interval)
			m := rules.NewManager(&rules.ManagerOptions{
				QueryFunc: rules.EngineQueryFunc(suite.QueryEngine(), suite.Storage()), AppendableV2: suite.Storage(), Queryable: suite.Storage(), Parser: parser.NewParser(parser.Options{}),
				Context: t.Context(), NotifyFunc: func(context.Context, string, ...*rules.Alert) {}, Logger: promslog.NewNopLogger(),
			})
			groups, errs := m.LoadGroups(time.Duration(file.Interval), labels.EmptyLabels(), "", nil, false, path)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			last := time.Duration(0)
			for _, a := range c.Alerts {
				last = max(last, time.Duration(a.At))
			}
			start := time.Unix(0, 0).UTC()
			for at := time.Duration(0); at <= last; at += time.Duration(file.Interval) {
				ts := start.Add(at)
				suite.WithSamplesTill(ts, func(err error) {
					if err != nil {
						t.Fatal(err)
					}
					for _, g := range groups {
						g.Eval(suite.Context(), ts)
					}
				})
				for _, a := range c.Alerts {
					if time.Duration(a.At) != at {
						continue
					}
					if len(a.Expect) > 0 {
						tested[a.Name] = true
					}
					var want []string
					annotated := false
					for _, e := range a.Expect {
						annotated = annotated || len(e.Annotations) > 0
						want = append(want, describe(e.Labels, e.Annotations))
					}
					got := firing(t, groups, a.Name, annotated)
					sort.Strings(want)
					if !slices.Equal(got, want) {
						t.Errorf("at %s %s fires %q, want %q", a.At, a.Name, got, want)
					}
				}
			}
		})
	}
	for _, r := range alertRules(t) {
		if !tested[r.Alert] {
			t.Errorf("no test has %s fire", r.Alert)
		}
	}
}

func describe(labels, annotations map[string]string) string {
	b, err := json.Marshal([]map[string]string{labels, annotations}) // in the order of the keys
	if err != nil {
		panic(err)
	}
	return string(b)
}

// firing are the alerts of that name that fire.
func firing(t *testing.T, groups map[string]*rules.Group, name string, annotated bool) []string {
	t.Helper()
	var out []string
	found := false
	for _, g := range groups {
		for _, r := range g.Rules() {
			a, ok := r.(*rules.AlertingRule)
			if !ok {
				continue
			}
			if a.LastError() != nil {
				t.Errorf("%s: %v", a.Name(), a.LastError())
			}
			if a.Name() != name {
				continue
			}
			found = true
			for _, alert := range a.ActiveAlerts() {
				if alert.State != rules.StateFiring {
					continue
				}
				l := alert.Labels.Map()
				delete(l, "alertname")
				var notes map[string]string
				if annotated {
					notes = alert.Annotations.Map()
				}
				out = append(out, describe(l, notes))
			}
		}
	}
	if !found {
		t.Errorf("there is no alert %s", name)
	}
	sort.Strings(out)
	return out
}

func alertRules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []rulefmt.Rule
		}
	}
	if err := yaml.Unmarshal(read(t, "prometheus", "alerts.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var out []rulefmt.Rule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	if len(out) < 5 {
		t.Fatalf("%d alerts", len(out))
	}
	return out
}

// exposed are the metrics that the program has, by what its source says: the names, and the labels.
func exposed(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{"process_resident_memory_bytes": true} // of the client library's own
	files, err := filepath.Glob(filepath.Join(root, "pipeline", "metrics", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	name := regexp.MustCompile(`(?:Name:\s+"|describe\(")((?:dateline_)?[a-z_]+)"`)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(b), -1) {
			n := "dateline_" + strings.TrimPrefix(m[1], "dateline_")
			out[n] = true
			if strings.HasSuffix(n, "_seconds") {
				out[n+"_bucket"] = true // a histogram's
			}
		}
	}
	if len(out) < 10 {
		t.Fatalf("only %d metrics found", len(out))
	}
	return out
}

// metricsOf are the metrics that an expression asks for.
func metricsOf(t *testing.T, where, expr string) []string {
	t.Helper()
	e, err := parse(expr)
	if err != nil {
		t.Errorf("%s: %v: %s", where, err, expr)
		return nil
	}
	var out []string
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			out = append(out, v.Name)
		}
		return nil
	})
	return out
}

// TestMetricsExist has every metric of the alerts and of the dashboard among those of the program.
func TestMetricsExist(t *testing.T) {
	have := exposed(t)
	readme := string(read(t, "README.md"))
	for _, r := range alertRules(t) {
		for _, m := range metricsOf(t, r.Alert, r.Expr) {
			if !have[m] {
				t.Errorf("alert %s asks for %s, which the program has not", r.Alert, m)
			}
		}
		if !strings.Contains(readme, "`"+r.Alert+"`") {
			t.Errorf("README.md does not say what %s means", r.Alert)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" {
			t.Errorf("%s lacks its summary, description or severity", r.Alert)
		}
	}
	var dashboard struct {
		UID    string `json:"uid"`
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string } `json:"targets"`
		} `json:"panels"`
		Templating struct {
			List []struct{ Name, Definition string } `json:"list"`
		} `json:"templating"`
	}
	if err := json.Unmarshal(read(t, "grafana", "dateline.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for i, p := range dashboard.Panels {
		if len(p.Targets) == 0 || p.ID != i+1 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: %+v", p.Title, p)
		}
		for _, q := range dashboard.Panels[:i] {
			a, b := p.GridPos, q.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("panel %q lies on %q", p.Title, q.Title)
			}
		}
		for _, target := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "$job", ".*").Replace(target.Expr)
			for _, m := range metricsOf(t, p.Title, expr) {
				shown[m] = true
				if !have[m] {
					t.Errorf("panel %q asks for %s, which the program has not", p.Title, m)
				}
			}
		}
	}
	for m := range have {
		if !shown[m] && !shown[m+"_bucket"] && !strings.HasSuffix(m, "_bucket") {
			t.Errorf("the dashboard does not show %s", m)
		}
	}
}

func parse(expr string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{}).ParseExpr(expr)
}
