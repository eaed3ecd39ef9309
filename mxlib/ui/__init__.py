"""The Streamlit face of the services; the only package that imports streamlit."""
