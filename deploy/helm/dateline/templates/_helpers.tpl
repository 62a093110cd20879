{{- define "dateline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "dateline.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "dateline.name" .) .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name (include "dateline.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "dateline.selector" -}}
app.kubernetes.io/name: {{ include "dateline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "dateline.labels" -}}
{{ include "dateline.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "dateline.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "dateline.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "dateline.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{/* What every pod has. Call with (dict "root" $ "part" .Values.worker) */}}
{{- define "dateline.pod" -}}
serviceAccountName: {{ include "dateline.serviceAccount" .root }}
automountServiceAccountToken: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- with get .part "nodeSelector" }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with get .part "tolerations" }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with get .part "affinity" }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What every container has. Call with (dict "root" $ "part" .Values.worker "secret" NAME) */}}
{{- define "dateline.container" -}}
image: {{ include "dateline.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  - {name: DATELINE_CONFIG, value: /etc/dateline/dateline.yaml}
{{- with .secret }}
envFrom:
  - secretRef: {name: {{ . | quote }}}
{{- end }}
resources: {{- toYaml .part.resources | nindent 2 }}
{{- end }}

{{- define "dateline.mounts" -}}
- {name: config, mountPath: /etc/dateline, readOnly: true}
{{- if or .Values.certificates.configMap .Values.certificates.secret }}
- {name: certificates, mountPath: /etc/dateline-certificates, readOnly: true}
{{- end }}
{{- end }}

{{- define "dateline.volumes" -}}
- name: config
  configMap: {name: {{ include "dateline.fullname" . }}}
{{- if .Values.certificates.configMap }}
- name: certificates
  configMap: {name: {{ .Values.certificates.configMap | quote }}}
{{- else if .Values.certificates.secret }}
- name: certificates
  secret: {secretName: {{ .Values.certificates.secret | quote }}}
{{- end }}
{{- end }}

{{- define "dateline.probes" -}}
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 20
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 15
  timeoutSeconds: 10
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 5
  failureThreshold: 24
{{- end }}
