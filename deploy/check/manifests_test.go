package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"sigs.k8s.io/yaml"
)

// Where the schemas of what the chart writes come from: the projects' own modules, which Go's proxy
// has. Nothing of them is built. The sums are those of go.sum.
var schemaModules = map[string]struct{ version, sum string }{
	// api/openapi-spec: what the API server publishes.
	"k8s.io/kubernetes": {"v1.37.2", "h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE="},
	// config/crd: the custom resources' definitions, as they are installed.
	"github.com/kedacore/keda/v2": {"v2.21.0", "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="},
	// example/prometheus-operator-crd: the same.
	"github.com/prometheus-operator/prometheus-operator": {"v0.85.0", "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="},
}

// module is the folder of a module's files.
func module(path string) (string, error) {
	m, ok := schemaModules[path]
	if !ok {
		return "", fmt.Errorf("no module %s", path)
	}
	dir, err := os.MkdirTemp("", "dateline-module-*") // outside of every module, whose go.mod would be asked
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("go", "mod", "download", "-json", path+"@"+m.version)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GO111MODULE=on", "GOFLAGS=-mod=mod")
	out, err := cmd.Output()
	var got struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &got); jsonErr != nil || got.Error != "" || err != nil {
		return "", fmt.Errorf("download %s: %w: %s", path, errors.Join(err, jsonErr), got.Error)
	}
	if got.Sum != m.sum {
		return "", fmt.Errorf("%s has the sum %s, want %s", path, got.Sum, m.sum)
	}
	return got.Dir, nil
}

// schemas writes the schema of each kind that the chart may write to a folder, as
// GROUP-VERSION-KIND.json, once for all tests.
var schemas = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "dateline-schemas-*")
	if err != nil {
		return "", err
	}
	definitions := map[string]any{}
	for path, folder := range map[string]string{
		"github.com/kedacore/keda/v2":                        "config/crd/bases",
		"github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd",
	} {
		from, err := module(path)
		if err != nil {
			return dir, err
		}
		files, err := filepath.Glob(filepath.Join(from, folder, "*.yaml"))
		if err != nil || len(files) == 0 {
			return dir, fmt.Errorf("%s has %d definitions: %w", path, len(files), err)
		}
		for _, f := range files {
			if err := readDefinition(f, definitions); err != nil {
				return dir, fmt.Errorf("%s: %w", f, err)
			}
		}
	}
	kubernetes, err := module("k8s.io/kubernetes")
	if err != nil {
		return dir, err
	}
	for kind := range kinds {
		version, name, _ := strings.Cut(kind, " ")
		group, v, ok := strings.Cut(version, "/")
		if !ok {
			group, v = "", version
		}
		schema := definitions[kind]
		if schema == nil {
			file := "api__" + v
			if group != "" {
				file = "apis__" + group + "__" + v
			}
			schema, err = readOpenAPI(filepath.Join(kubernetes, "api", "openapi-spec", "v3", file+"_openapi.json"), group, v, name)
			if err != nil {
				return dir, err
			}
		}
		b, err := json.Marshal(strict(schema))
		if err != nil {
			return dir, err
		}
		if group == "" {
			group = v // as kubeconform has it
		}
		if err := os.WriteFile(filepath.Join(dir, strings.ToLower(group+"-"+v+"-"+name)+".json"), b, 0o600); err != nil {
			return dir, err
		}
	}
	return dir, nil
})

// readDefinition takes the schemas of a CustomResourceDefinition, by "GROUP/VERSION KIND".
func readDefinition(file string, into map[string]any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var d struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(b, &d); err != nil {
		return err
	}
	for _, v := range d.Spec.Versions {
		if len(v.Schema.OpenAPIV3Schema) == 0 {
			return fmt.Errorf("%s of %s has no schema", v.Name, d.Spec.Names.Kind)
		}
		into[d.Spec.Group+"/"+v.Name+" "+d.Spec.Names.Kind] = v.Schema.OpenAPIV3Schema
	}
	return nil
}

// readOpenAPI takes the schema of a kind of Kubernetes' own, with those that it refers to.
func readOpenAPI(file, group, version, kind string) (any, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for id, s := range doc.Components.Schemas {
		list, _ := s["x-kubernetes-group-version-kind"].([]any)
		for _, is := range list {
			is := is.(map[string]any)
			if is["group"] == group && is["version"] == version && is["kind"] == kind {
				return map[string]any{"$ref": "#/components/schemas/" + id, "components": map[string]any{"schemas": doc.Components.Schemas}}, nil
			}
		}
	}
	return nil, fmt.Errorf("%s has no %s", file, kind)
}

// strict lets objects have no properties but those that their schema names, where it names any.
func strict(schema any) any {
	switch s := schema.(type) {
	case map[string]map[string]any:
		for _, v := range s {
			strict(v)
		}
	case map[string]any:
		for _, v := range s {
			strict(v)
		}
		_, isSchema := s["properties"].(map[string]any)
		if _, set := s["additionalProperties"]; isSchema && !set && s["x-kubernetes-preserve-unknown-fields"] == nil {
			s["additionalProperties"] = false
		}
	case []any:
		for _, v := range s {
			strict(v)
		}
	}
	return schema
}

// chartValues are the values that the chart is tested with.
var chartValues = map[string]string{
	"default":    "",
	"everything": everything,
	"hpa":        "worker: {hpa: {enabled: true}}",
	"least":      "setup: {enabled: false}\nserve: {enabled: false}\nnetworkPolicy: {enabled: false}\nserviceAccount: {create: false}\nworker: {podDisruptionBudget: {enabled: false}}",
	"proxy":      "serve: {auth: proxy, proxyHeader: X-User, proxyFrom: [10.0.0.0/8]}",
}

// TestManifests has kubeconform validate each object that the chart writes against the schemas of
// Kubernetes, KEDA and the Prometheus operator, and nothing be in it that they do not name.
func TestManifests(t *testing.T) {
	dir, err := schemas()
	defer os.RemoveAll(dir)
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("the schemas can't be had: %v", err)
		}
		t.Fatal(err)
	}
	v, err := validator.New([]string{filepath.Join(dir, "{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json")}, validator.Opts{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for name, values := range chartValues {
		docs, err := documents(t, values)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range docs {
			res := v.ValidateResource(resource.Resource{Bytes: []byte(doc)})
			if res.Status != validator.Valid {
				t.Errorf("%s: %v\n%s", name, res.Err, doc)
			}
			var meta struct{ APIVersion, Kind string }
			if err := yaml.Unmarshal([]byte(doc), &meta); err != nil {
				t.Fatal(err)
			}
			seen[meta.APIVersion+" "+meta.Kind] = true
			// It does refuse: a field that there is not.
			odd := bytes.Replace([]byte(doc), []byte("\nmetadata:\n"), []byte("\ncolour: red\nmetadata:\n"), 1)
			if r := v.ValidateResource(resource.Resource{Bytes: odd}); r.Status != validator.Invalid {
				t.Errorf("%s: %s with a colour is %v, %v", name, meta.Kind, r.Status, r.Err)
			}
		}
	}
	for kind := range kinds {
		if !seen[kind] {
			t.Errorf("no %s has been looked at", kind)
		}
	}
	// And what decoding alone does not see: wrong values, and what must be there and is not.
	for _, c := range []struct{ kind, from, to string }{
		{"Deployment", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: 1"},
		{"Deployment", "containerPort: 9464", "containerPort: many"},
		{"Deployment", "      containers:\n", "      container:\n"},
		{"ScaledObject", "  triggers:\n", "  trigger:\n"},
		{"ScaledObject", "pollingInterval:", "pollingInterval: often #"},
		{"PrometheusRule", "expr:", "expression:"},
		{"ServiceMonitor", "interval: 30s", "interval: soon"},
		{"NetworkPolicy", "protocol: TCP", "protocol: 6"},
		{"StatefulSet", "  serviceName:", "  service:"},
	} {
		docs, err := documents(t, everything)
		if err != nil {
			t.Fatal(err)
		}
		tried := false
		for _, doc := range docs {
			if !strings.Contains(doc, "kind: "+c.kind+"\n") || !strings.Contains(doc, c.from) {
				continue
			}
			tried = true
			if r := v.ValidateResource(resource.Resource{Bytes: []byte(strings.ReplaceAll(doc, c.from, c.to))}); r.Status != validator.Invalid {
				t.Errorf("%s with %q is %v, %v", c.kind, c.to, r.Status, r.Err)
			}
		}
		if !tried {
			t.Errorf("no %s has %q", c.kind, c.from)
		}
	}
}

// TestChartLint is helm lint, with each set of values.
func TestChartLint(t *testing.T) {
	run := func(dir, values string) support.Linter {
		set, err := chartutil.ReadValues([]byte(values))
		if err != nil {
			t.Fatal(err)
		}
		return lint.AllWithKubeVersion(dir, set, "desk", &chartutil.DefaultCapabilities.KubeVersion)
	}
	chart := filepath.Join(deploy, "helm", "dateline")
	for name, values := range chartValues {
		for _, m := range run(chart, values).Messages {
			if m.Severity >= support.WarningSev {
				t.Errorf("%s: %v", name, m)
			}
		}
	}
	// It does find what is wrong.
	for name, spoil := range map[string]func(dir string){
		"no version": func(dir string) { replace(t, filepath.Join(dir, "Chart.yaml"), "\nversion:", "\nversions:") },
		"a template that is": func(dir string) {
			put(t, filepath.Join(dir, "templates", "x.yaml"), []byte("{{ .Values.none | required \"x\" }}{{"), 0o600)
		},
		"no YAML": func(dir string) { put(t, filepath.Join(dir, "templates", "x.yaml"), []byte("a: [b\n"), 0o600) },
	} {
		dir := filepath.Join(t.TempDir(), "dateline")
		if err := os.CopyFS(dir, os.DirFS(chart)); err != nil {
			t.Fatal(err)
		}
		spoil(dir)
		if l := run(dir, ""); l.HighestSeverity < support.ErrorSev {
			t.Errorf("%s: no error: %v", name, l.Messages)
		}
	}
}

func replace(t *testing.T, path, from, to string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(from)) {
		t.Fatalf("%s has no %q", path, from)
	}
	put(t, path, bytes.ReplaceAll(b, []byte(from), []byte(to)), 0o600)
}

// documents are all objects that the chart writes, in YAML.
func documents(t *testing.T, values string) ([]string, error) {
	t.Helper()
	files, err := renderFiles(t, values)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, text := range files {
		for doc := range strings.SplitSeq("\n"+text, "\n---") {
			if strings.Contains(doc, "\nkind:") {
				out = append(out, doc)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}
