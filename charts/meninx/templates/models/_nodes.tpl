{{/* A DicomNode for each entry of `pacs`. */}}
{{- define "meninx.nodes" -}}
{{- range .Values.pacs }}
---
apiVersion: meninx.io/v1alpha1
kind: DicomNode
metadata:
  name: {{ .name }}
spec:
  aeTitle: {{ .aeTitle | quote }}
  host: {{ .host | quote }}
  port: {{ .port | default 104 }}
  maySend: {{ .maySend | default false }}
  mayReceive: {{ dig "mayReceive" true . }}
{{- end }}
{{- end }}
