package check

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// The custom resources, in as much as the chart writes of them: KEDA's ScaledObject and
// TriggerAuthentication (keda.sh/v1alpha1), and the Prometheus operator's ServiceMonitor and
// PrometheusRule (monitoring.coreos.com/v1).
type (
	scaledObject struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			ScaleTargetRef  struct{ Name string } `json:"scaleTargetRef"`
			MinReplicaCount int32                 `json:"minReplicaCount"`
			MaxReplicaCount int32                 `json:"maxReplicaCount"`
			PollingInterval int32                 `json:"pollingInterval"`
			CooldownPeriod  int32                 `json:"cooldownPeriod"`
			Advanced        struct {
				HorizontalPodAutoscalerConfig struct {
					Behavior autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"` //nolint:misspell // Kubernetes spells it so
				} `json:"horizontalPodAutoscalerConfig"`
			} `json:"advanced"`
			Triggers []struct {
				Type              string                 `json:"type"`
				Metadata          map[string]string      `json:"metadata"`
				AuthenticationRef *struct{ Name string } `json:"authenticationRef,omitempty"`
			} `json:"triggers"`
		} `json:"spec"`
	}
	triggerAuthentication struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			SecretTargetRef    []parameter `json:"secretTargetRef,omitempty"`
			ConfigMapTargetRef []parameter `json:"configMapTargetRef,omitempty"`
		} `json:"spec"`
	}
	parameter      struct{ Parameter, Name, Key string }
	serviceMonitor struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Selector  metav1.LabelSelector              `json:"selector"`
			Endpoints []struct{ Port, Interval string } `json:"endpoints"`
		} `json:"spec"`
	}
	prometheusRule struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Groups []struct {
				Name  string
				Rules []struct {
					Alert, Expr, For    string
					Labels, Annotations map[string]string
				}
			} `json:"groups"`
		} `json:"spec"`
	}
)

// kinds are what the chart may write.
var kinds = map[string]func() any{
	"apps/v1 Deployment":                      func() any { return &appsv1.Deployment{} },
	"apps/v1 StatefulSet":                     func() any { return &appsv1.StatefulSet{} },
	"batch/v1 Job":                            func() any { return &batchv1.Job{} },
	"v1 Service":                              func() any { return &corev1.Service{} },
	"v1 ServiceAccount":                       func() any { return &corev1.ServiceAccount{} },
	"v1 ConfigMap":                            func() any { return &corev1.ConfigMap{} },
	"policy/v1 PodDisruptionBudget":           func() any { return &policyv1.PodDisruptionBudget{} },
	"networking.k8s.io/v1 NetworkPolicy":      func() any { return &networkingv1.NetworkPolicy{} },
	"networking.k8s.io/v1 Ingress":            func() any { return &networkingv1.Ingress{} },
	"autoscaling/v2 HorizontalPodAutoscaler":  func() any { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"keda.sh/v1alpha1 ScaledObject":           func() any { return &scaledObject{} },
	"keda.sh/v1alpha1 TriggerAuthentication":  func() any { return &triggerAuthentication{} },
	"monitoring.coreos.com/v1 ServiceMonitor": func() any { return &serviceMonitor{} },
	"monitoring.coreos.com/v1 PrometheusRule": func() any { return &prometheusRule{} },
}

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(filepath.Join(deploy, "helm", "dateline"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c
}

// renderFiles is helm template: the values against the schema, and the templates filled in, by their
// names.
func renderFiles(t *testing.T, values string) (map[string]string, error) {
	t.Helper()
	set, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	c := loadChart(t)
	merged, err := chartutil.ToRenderValues(c, set, chartutil.ReleaseOptions{Name: "news", Namespace: "desk", Revision: 3, IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	e := engine.Engine{Strict: true}
	files, err := e.Render(c, merged)
	if err != nil {
		return nil, err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") || strings.HasPrefix(filepath.Base(name), "_") {
			delete(files, name)
		}
	}
	return files, nil
}

// render decodes each object that the chart writes strictly into its type, by "KIND NAME".
func render(t *testing.T, values string) (map[string]any, error) {
	t.Helper()
	files, err := renderFiles(t, values)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for name, text := range files {
		for _, doc := range strings.Split("\n"+text, "\n---") {
			var meta struct {
				APIVersion string `json:"apiVersion"`
				Kind       string `json:"kind"`
				Metadata   struct{ Name string }
			}
			if err := yaml.Unmarshal([]byte(doc), &meta); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, doc)
			}
			if meta.Kind == "" {
				continue
			}
			make, ok := kinds[meta.APIVersion+" "+meta.Kind]
			if !ok {
				t.Errorf("%s: %s %s is not one of ours", name, meta.APIVersion, meta.Kind)
				continue
			}
			o := make()
			if err := yaml.UnmarshalStrict([]byte(doc), o); err != nil {
				t.Errorf("%s: %s %s: %v\n%s", name, meta.Kind, meta.Metadata.Name, err, doc)
				continue
			}
			key := meta.Kind + " " + meta.Metadata.Name
			if out[key] != nil {
				t.Errorf("%s is there twice", key)
			}
			if len(meta.Metadata.Name) > 63 || meta.Metadata.Name == "" {
				t.Errorf("%s: bad name", key)
			}
			out[key] = o
		}
	}
	return out, nil
}

// everything turns all parts of the chart on.
const everything = `
kafka: {brokers: ["k1:9093", "k2:9093"], tls: true, sasl: scram-sha-512, partitions: 24}
secret: {existing: dateline, setup: dateline-setup, serve: dateline-reader, ingest: dateline-ingest}
certificates: {secret: authorities, kafka: true, elasticsearch: true}
config: {date-order: day-first, languages: all}
kibana: {address: "https://kibana:5601", space: desk, links: "https://dateline.example.org"}
setup: {ilm: true, ilmDeleteAfter: 730d, transform: true}
worker: {keda: {enabled: true}}
serve: {ingress: {enabled: true, className: nginx, tlsSecret: tls}}
ingest: {enabled: true, feeds: "https://example.org/rss"}
networkPolicy: {metricsFrom: {kubernetes.io/metadata.name: monitoring}}
monitoring:
  serviceMonitor: {enabled: true, labels: {release: prometheus}}
  prometheusRule: {enabled: true}
  grafanaDashboard: {enabled: true}
`

func TestChart(t *testing.T) {
	for name, c := range map[string]struct {
		want, wantNot []string
	}{
		"default": {[]string{"Deployment news-dateline-worker", "Deployment news-dateline-serve", "Job news-dateline-setup-3", "PodDisruptionBudget news-dateline-worker", "NetworkPolicy news-dateline"},
			[]string{"StatefulSet news-dateline-ingest", "ScaledObject news-dateline-worker", "HorizontalPodAutoscaler news-dateline-worker", "ServiceMonitor news-dateline"}},
		"everything": {[]string{"StatefulSet news-dateline-ingest", "ScaledObject news-dateline-worker", "TriggerAuthentication news-dateline-kafka", "Ingress news-dateline-serve", "ServiceMonitor news-dateline", "PrometheusRule news-dateline", "ConfigMap news-dateline-grafana", "NetworkPolicy news-dateline-ingest", "NetworkPolicy news-dateline-setup"}, nil},
		"hpa":        {[]string{"HorizontalPodAutoscaler news-dateline-worker"}, []string{"ScaledObject news-dateline-worker"}},
		"least":      {[]string{"Deployment news-dateline-worker", "ConfigMap news-dateline"}, []string{"Deployment news-dateline-serve", "NetworkPolicy news-dateline", "ServiceAccount news-dateline"}},
		"proxy":      {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := render(t, chartValues[name])
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.want {
				if objects[w] == nil {
					t.Errorf("it lacks %s", w)
				}
			}
			for _, w := range c.wantNot {
				if objects[w] != nil {
					t.Errorf("it has %s", w)
				}
			}
			checkObjects(t, objects)
		})
	}
}

// TestChartSecrets has each process get the account that is meant for it, and no more.
func TestChartSecrets(t *testing.T) {
	for values, want := range map[string]map[string]string{
		everything: {"worker": "dateline", "serve": "dateline-reader", "ingest": "dateline-ingest", "setup-3": "dateline-setup"},
		"secret: {existing: one}\ningest: {enabled: true, feeds: \"https://example.org/rss\"}": {"worker": "one", "serve": "one", "ingest": "one", "setup-3": "one"},
	} {
		objects, err := render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for key, o := range objects {
			var p corev1.PodSpec
			switch o := o.(type) {
			case *appsv1.Deployment:
				p = o.Spec.Template.Spec
			case *appsv1.StatefulSet:
				p = o.Spec.Template.Spec
			case *batchv1.Job:
				p = o.Spec.Template.Spec
			default:
				continue
			}
			for _, from := range p.Containers[0].EnvFrom {
				_, name, _ := strings.Cut(key, "dateline-")
				got[name] += from.SecretRef.Name
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("secrets are %v, want %v", got, want)
		}
	}
}

// checkObjects has the objects fit together, and their containers keep what we promise.
func checkObjects(t *testing.T, objects map[string]any) {
	t.Helper()
	pods := map[string]corev1.PodTemplateSpec{}
	for key, o := range objects {
		switch o := o.(type) {
		case *appsv1.Deployment:
			pods[key] = o.Spec.Template
			checkSelector(t, key, o.Spec.Selector, o.Spec.Template.Labels)
		case *appsv1.StatefulSet:
			pods[key] = o.Spec.Template
			checkSelector(t, key, o.Spec.Selector, o.Spec.Template.Labels)
			if objects["Service "+o.Spec.ServiceName] == nil {
				t.Errorf("%s has no service %s", key, o.Spec.ServiceName)
			}
		case *batchv1.Job:
			pods[key] = o.Spec.Template
		case *scaledObject:
			d, ok := objects["Deployment "+o.Spec.ScaleTargetRef.Name].(*appsv1.Deployment)
			if !ok || d.Spec.Replicas != nil {
				t.Errorf("%s scales %s, which decides itself", key, o.Spec.ScaleTargetRef.Name)
			}
			trigger := o.Spec.Triggers[0]
			if trigger.AuthenticationRef != nil && objects["TriggerAuthentication "+trigger.AuthenticationRef.Name] == nil {
				t.Errorf("%s lacks its authentication", key)
			}
			if o.Spec.MaxReplicaCount != 24 || trigger.Metadata["sasl"] != "scram_sha512" || trigger.Metadata["bootstrapServers"] != "k1:9093,k2:9093" {
				t.Errorf("%s: at most %d, %v", key, o.Spec.MaxReplicaCount, trigger.Metadata)
			}
		case *autoscalingv2.HorizontalPodAutoscaler:
			d, ok := objects["Deployment "+o.Spec.ScaleTargetRef.Name].(*appsv1.Deployment)
			if !ok || d.Spec.Replicas != nil {
				t.Errorf("%s scales %s, which decides itself", key, o.Spec.ScaleTargetRef.Name)
			}
		case *corev1.ConfigMap:
			if config, ok := o.Data["dateline.yaml"]; ok {
				checkConfig(t, key, config, "log-format: json")
			}
			if d, ok := o.Data["dateline.json"]; ok && d != string(read(t, "grafana", "dateline.json")) {
				t.Errorf("%s is not Grafana's dashboard", key)
			}
		case *prometheusRule:
			if len(o.Spec.Groups) != 1 || len(o.Spec.Groups[0].Rules) != len(alertRules(t)) {
				t.Errorf("%s has other alerts: %+v", key, o.Spec.Groups)
			}
		}
	}
	for key, p := range pods {
		checkPod(t, key, p)
		for k, o := range objects {
			if b, ok := o.(*policyv1.PodDisruptionBudget); ok && strings.TrimPrefix(k, "PodDisruptionBudget ") == strings.TrimPrefix(key, "Deployment ") {
				checkSelector(t, k, b.Spec.Selector, p.Labels)
			}
		}
	}
	for key, o := range objects {
		s, ok := o.(*corev1.Service)
		if !ok {
			continue
		}
		found := false
		for _, p := range pods {
			if matches(s.Spec.Selector, p.Labels) {
				for _, c := range p.Spec.Containers {
					for _, port := range c.Ports {
						found = found || port.Name == s.Spec.Ports[0].TargetPort.StrVal
					}
				}
			}
		}
		if !found {
			t.Errorf("%s leads to no pod's port", key)
		}
	}
}

func matches(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return len(selector) > 0
}

func checkSelector(t *testing.T, key string, s *metav1.LabelSelector, labels map[string]string) {
	t.Helper()
	if !matches(s.MatchLabels, labels) {
		t.Errorf("%s selects %v, its pods have %v", key, s.MatchLabels, labels)
	}
}

func checkPod(t *testing.T, key string, p corev1.PodTemplateSpec) {
	t.Helper()
	spec := p.Spec
	if c := spec.SecurityContext; c == nil || c.RunAsNonRoot == nil || !*c.RunAsNonRoot || c.SeccompProfile == nil {
		t.Errorf("%s may run as root", key)
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		t.Errorf("%s gets a token of the cluster", key)
	}
	volumes := map[string]bool{"data": strings.HasPrefix(key, "StatefulSet")}
	for _, v := range spec.Volumes {
		volumes[v.Name] = true
	}
	for _, c := range spec.Containers {
		s := c.SecurityContext
		if s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
			t.Errorf("%s: security context %+v", key, s)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s has no limits", key)
		}
		checkArgs(t, key, c.Args)
		var env []string
		for _, e := range c.Env {
			env = append(env, e.Name)
		}
		checkEnv(t, key, env)
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				t.Errorf("%s: there is no volume %s", key, m.Name)
			}
		}
		if !strings.HasPrefix(key, "Job") && (c.LivenessProbe == nil || c.ReadinessProbe == nil) {
			t.Errorf("%s is not probed", key)
		}
		if strings.HasSuffix(c.Image, ":latest") || strings.HasSuffix(c.Image, ":") {
			t.Errorf("%s: image %s", key, c.Image)
		}
	}
}

// TestChartRefuses has values that make no sense refused, with words that help.
func TestChartRefuses(t *testing.T) {
	for values, want := range map[string]string{
		"kafka: {brokers: [\"http://kafka\"]}":                  "brokers",
		"kafka: {brokerz: [\"kafka:9092\"]}":                    "brokerz",
		"kafka: {sasl: gssapi}":                                 "sasl",
		"worker: {keda: {enabled: true}, hpa: {enabled: true}}": "enable one of them",
		"ingest: {enabled: true}":                               "list of feeds",
		"serve: {auth: proxy}":                                  "proxyHeader",
		"serve: {auth: none}":                                   "auth",
		"worker: {keda: {enabled: true}}\nkafka: {sasl: plain}": "secret.existing",
		"setup: {ilmDeleteAfter: two years}":                    "ilmDeleteAfter",
		"elasticsearch: {addresses: []}":                        "addresses",
		"worker: {replicas: many}":                              "replicas",
		"image: {digest: latest}":                               "digest",
	} {
		if _, err := render(t, values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", values, err, want)
		}
	}
}

// TestChartSchema has all values in the schema, and all that is in it among the values.
func TestChartSchema(t *testing.T) {
	c := loadChart(t)
	var schema map[string]any
	if err := yaml.Unmarshal(c.Schema, &schema); err != nil {
		t.Fatal(err)
	}
	var compare func(path string, values any, s map[string]any)
	compare = func(path string, values any, s map[string]any) {
		properties, ok := s["properties"].(map[string]any)
		m, isMap := values.(map[string]any)
		if !ok || !isMap {
			return
		}
		for k := range m {
			if properties[k] == nil {
				t.Errorf("the schema lacks %s.%s", path, k)
			}
		}
		for k, p := range properties {
			if _, ok := m[k]; !ok && k != "global" {
				t.Errorf("the values lack %s.%s", path, k)
			}
			compare(path+"."+k, m[k], p.(map[string]any))
		}
	}
	compare("", c.Values, schema)
	raw := fmt.Sprint(c.Values)
	for _, file := range c.Templates {
		for _, m := range bytes.Split(file.Data, []byte(".Values."))[1:] {
			name := string(bytes.SplitN(m, []byte("."), 2)[0])
			name = strings.FieldsFunc(name, func(r rune) bool { return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') })[0]
			if !strings.Contains(raw, name+":") {
				t.Errorf("%s uses the value %s, which there is not", file.Name, name)
			}
		}
	}
}
