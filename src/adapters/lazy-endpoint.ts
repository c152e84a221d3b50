import type { EndpointOptions, OnvifEndpoint } from '../onvif/endpoint.ts';
import type { SoapAnswer, SoapEndpoint, SoapRequest } from '../servers/http/onvif.ts';

/**
 * The SOAP endpoint, loaded when the first client comes near: its XML machinery would take up a fifth of the memory of a
 * camera that nobody asks by ONVIF.
 */
export class LazyEndpoint implements SoapEndpoint {
  #loading: Promise<OnvifEndpoint> | undefined;

  constructor(private readonly options: () => EndpointOptions) {}

  /** Begins loading, so that the first request does not wait for it; errors show with the request. */
  warmUp(): void {
    this.#load().catch(() => {});
  }

  async handle(request: SoapRequest): Promise<SoapAnswer> {
    return (await this.#load()).handle(request);
  }

  #load(): Promise<OnvifEndpoint> {
    this.#loading ??= (async () => {
      const { OnvifEndpoint } = await import('../onvif/endpoint.ts');
      const endpoint = new OnvifEndpoint(this.options());
      await endpoint.start();
      return endpoint;
    })();
    // A failure is not for ever.
    this.#loading.catch(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }
}
